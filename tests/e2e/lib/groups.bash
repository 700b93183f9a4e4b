# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For cases whose daemon needs a control group with the controllers of cgroup v2; they source it.

# in_group: makes a group, marked as systemd marks one that it has delegated, and moves the case into it; `group` is its
# directory. Skips the case where there are no controllers.
in_group() {
  local controller
  top=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
  [[ -n $top ]] || skip 'there is no cgroup v2'
  group=$top/xsuperd-e2e-$$
  mkdir "$group" || skip 'no control group can be made'
  for controller in memory pids cpu; do
    if ! grep -qw $controller "$group/cgroup.controllers"; then
      rmdir "$group"
      skip "cgroup v2 has no controller for $controller here"
    fi
  done
  "$PYTHON" -c 'import os, sys; os.setxattr(sys.argv[1], "trusted.delegate", b"1")' "$group"
  before=$(grep ^0:: /proc/self/cgroup | cut -d: -f3)
  echo $$ >"$group/cgroup.procs"
}

# out_of_group: when the daemon has ended. Nothing of a box may be left.
out_of_group() {
  expect_eq "$(find "$group" -name 'xsuperd-boxes-*')" ''
  echo $$ >"$top$before/cgroup.procs"
  rmdir "$group/xsuperd-daemon" "$group"
}

# python_service NAME PORT PROGRAM LINE...: one that runs the program.
python_service() {
  local name=$1 port=$2 program=$3
  shift 3
  mkdir -p "$DIR/services"
  printf '%s\n' "$program" >"$DIR/$name.py"
  {
    printf 'service %s\n{\n\ttype = UNLISTED\n\tsocket_type = stream\n\tprotocol = tcp\n\tport = %s\n\twait = no\n\tuser = nobody\n' "$name" "$port"
    printf '\tserver = %s\n\tserver_args = -ISB %s/%s.py\n' "$PYTHON" "$DIR" "$name"
    printf '\t%s\n' "$@"
    printf '}\n'
  } >"$DIR/services/$name"
}
