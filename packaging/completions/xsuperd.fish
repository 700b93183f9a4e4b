# SPDX-License-Identifier: MIT
# Completion of xsuperd(8) for fish. The file may also have the names xinetd.fish and inetd.fish, and is then for these.

set -l name (status basename | string replace -r '\.fish$' '')

function __xsuperd_is_inetd
    set -l words (commandline -opc)
    test (string replace -r '.*/' '' -- $words[1]) = inetd; or contains -- --inetd $words
end

function __xsuperd_services
    set -l words (commandline -opc)
    set -l config /etc/xinetd.conf
    if set -l at (contains -i -- -f $words)
        set config $words[(math $at + 1)]
    end
    # The configuration that the daemon would read, whatever runs now.
    xsuperctl complete --files $config -- --socket /dev/null show '' 2>/dev/null
end

complete -c $name -f
complete -c $name -s d -d 'stay in the foreground and write to the terminal'
complete -c $name -o filelog -rF -d 'append messages to a file'
complete -c $name -o syslog -x -a 'daemon auth authpriv user mail lpr news uucp ftp local0 local1 local2 local3 local4 local5 local6 local7' -d 'send messages to syslog'
complete -c $name -o reuse -d 'accepted and without effect'
complete -c $name -o limit -x -d 'greatest number of servers'
complete -c $name -o pidfile -rF -d 'write the process id there'
complete -c $name -o logprocs -x -d 'greatest number of ident look-ups for refused peers'
complete -c $name -o shutdownprocs -x -d 'accepted and without effect'
complete -c $name -o cc -x -d 'check the inner state every so many seconds'
complete -c $name -o stayalive -d 'go on when no service is left'
complete -c $name -o dontfork -d 'stay in the foreground'
complete -c $name -l inetd -rF -d 'be an inetd that reads this file'
complete -c $name -o version -d 'print the version'
complete -c $name -s t -d 'check the configuration'
complete -c $name -l strict -d 'with -t: warnings count'
complete -c $name -l show -d 'with -t: print the configuration in effect'
complete -c $name -l explain -x -a '(__xsuperd_services)' -d 'tell whether that peer is served'
complete -c $name -l try -x -a '(__xsuperd_services)' -d 'run that server once and tell what it was denied'
complete -c $name -l json -d 'with --try: report as JSON'
complete -c $name -l control -rF -d 'path of the control socket, or none'
complete -c $name -l container -d 'be the only thing that runs in a container'
complete -c $name -l control-group -x -a '(__fish_complete_groups)' -d 'who may look through it'
complete -c $name -l worker-user -x -a '(__fish_complete_users)' -d 'who workers are'
complete -c $name -l workers -x -d 'how many of them'
complete -c $name -l version -d 'print the version'
complete -c $name -l help -d 'print a summary'

complete -c $name -n 'not __xsuperd_is_inetd' -s f -rF -d 'read this configuration'
complete -c $name -n 'not __xsuperd_is_inetd' -o inetd_compat -d 'read /etc/inetd.conf too'
complete -c $name -n 'not __xsuperd_is_inetd' -o inetd_ipv6 -d 'accepted and without effect'
complete -c $name -n 'not __xsuperd_is_inetd' -l as-xinetd -d 'with -t: warn of what xinetd would ignore or refuse'

complete -c $name -n __xsuperd_is_inetd -F
complete -c $name -n __xsuperd_is_inetd -s i -d 'stay in the foreground'
complete -c $name -n __xsuperd_is_inetd -s f -d 'stay in the foreground'
complete -c $name -n __xsuperd_is_inetd -s E -d 'servers inherit the whole environment'
complete -c $name -n __xsuperd_is_inetd -s l -d 'log every connection, ask hosts.allow'
complete -c $name -n __xsuperd_is_inetd -s w -d 'ask hosts.allow for every program'
complete -c $name -n __xsuperd_is_inetd -s W -d 'ask hosts.allow for internal services'
complete -c $name -n __xsuperd_is_inetd -s R -x -d 'starts of a service in a minute'
complete -c $name -n __xsuperd_is_inetd -s c -x -d 'servers of a service'
complete -c $name -n __xsuperd_is_inetd -s C -x -d 'connections of an address in a minute'
complete -c $name -n __xsuperd_is_inetd -s s -x -d 'servers of a service for an address'
complete -c $name -n __xsuperd_is_inetd -s q -x -d 'length of the queue'
complete -c $name -n __xsuperd_is_inetd -s a -x -d 'listen there'
complete -c $name -n __xsuperd_is_inetd -s p -rF -d 'write the process id there'
