# SPDX-License-Identifier: MIT
# Completion of xsuperctl(1) for fish. What there is to choose from, xsuperctl knows.

function __xsuperctl_candidates
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files*'
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- $current)
            case ':directories*'
                __fish_complete_directories (string replace -r '^--[^=]*=' '' -- $current)
            case '*'
                echo $line
        end
    end
end

complete -c xsuperctl -f -a '(__xsuperctl_candidates)'
