# SPDX-License-Identifier: MIT
# Completion of xsuperd(8), which is also called xinetd and inetd, for bash.

_xsuperd() {
  local current=${COMP_WORDS[COMP_CWORD]} as=xinetd config=/etc/xinetd.conf i
  local before=${COMP_WORDS[COMP_CWORD - 1]} first=${COMP_WORDS[COMP_CWORD > 1 ? COMP_CWORD - 2 : 0]}
  COMPREPLY=()

  [[ ${COMP_WORDS[0]##*/} == inetd ]] && as=inetd
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == --inetd ]] && as=inetd
  done
  for ((i = 1; i < COMP_CWORD - 1; i++)); do
    [[ ${COMP_WORDS[i]} == -f && $as == xinetd ]] && config=${COMP_WORDS[i + 1]}
  done

  case $before in
    -f | -filelog | -pidfile | -p | --inetd | --control)
      if [[ $before != -f || $as == xinetd ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null
        return
      fi
      ;;
    -syslog)
      mapfile -t COMPREPLY < <(compgen -W 'daemon auth authpriv user mail lpr news uucp ftp local0 local1 local2 local3
        local4 local5 local6 local7' -- "$current")
      return
      ;;
    --control-group) mapfile -t COMPREPLY < <(compgen -g -- "$current") && return ;;
    --worker-user) mapfile -t COMPREPLY < <(compgen -u -- "$current") && return ;;
    --explain | --try)
      # The configuration that the daemon would read, whatever runs now.
      mapfile -t COMPREPLY < <(xsuperctl complete --files "$config" -- --socket /dev/null show "$current" 2>/dev/null | cut -f1)
      return
      ;;
    -limit | -logprocs | -shutdownprocs | -cc | --workers | -R | -c | -C | -s | -q | -a) return ;;
  esac
  [[ $first == --explain ]] && return

  local always='-d -filelog -syslog -reuse -limit -pidfile -logprocs -shutdownprocs -cc -stayalive -dontfork --inetd
    -version -t --strict --show --explain --try --json --container --control --control-group --worker-user --workers --version --help'
  local of_xinetd='-f -inetd_compat -inetd_ipv6 --as-xinetd'
  local of_inetd='-i -f -E -l -w -W -R -c -C -s -q -a -p'
  if [[ $current != -* ]]; then
    [[ $as == inetd ]] && mapfile -t COMPREPLY < <(compgen -f -- "$current") && compopt -o filenames 2>/dev/null
    return
  fi
  [[ $as == inetd ]] && of_xinetd='' || of_inetd=''
  mapfile -t COMPREPLY < <(compgen -W "$always $of_xinetd $of_inetd" -- "$current")
}

complete -F _xsuperd xsuperd xinetd inetd
