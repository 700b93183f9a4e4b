# SPDX-License-Identifier: MIT
# Completion of xsuperctl(1) for bash. What there is to choose from, xsuperctl knows.

_xsuperctl() {
  local line current prefix word
  local -a words=()
  COMPREPLY=()

  # bash takes words apart at = and :, which stand in options and in addresses.
  line=${COMP_LINE:0:COMP_POINT}
  read -ra words <<<"$line"
  [[ $line == *[[:blank:]] ]] && words+=('')
  current=${words[-1]}
  prefix=
  [[ $current == *[=:]* && $COMP_WORDBREAKS == *[=:]* ]] && prefix=${current%"${current##*[=:]}"}

  while IFS=$'\t' read -r word _; do
    case $word in
      :files | :directories)
        local kind=-f
        [[ $word == :directories ]] && kind=-d
        mapfile -t COMPREPLY < <(compgen "$kind" -- "${current#"$prefix"}")
        compopt -o filenames 2>/dev/null
        return
        ;;
      *)
        word=${word#"$prefix"}
        # What an id may hold must not mean anything to the shell when the line is entered.
        [[ $word == *[!A-Za-z0-9_./:@=+-]* ]] && printf -v word %q "$word"
        COMPREPLY+=("$word")
        ;;
    esac
  done < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
}

complete -F _xsuperctl xsuperctl
