# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The functions that the scripts of end-to-end cases may use. Everything that waits does so by looking again and again
# until a deadline: no case may depend on how fast the machine is.
#
# Variables: BIN the daemon; DIR the folder of this run; LIB tests/e2e/lib; PYTHON; USER_NAME; PORT1 ... PORT9;
# DAEMON_LOG and SERVICE_LOG, the two logs.

DAEMON_LOG=$DIR/daemon.log
SERVICE_LOG=$DIR/service.log
WAIT=${E2E_WAIT:-20} # seconds until a wait gives up

# ---- setting up -----------------------------------------------------------------------------------------------------

# fill_in FILE: replaces @DIR@, @LIB@, @PYTHON@, @USER@ and @PORT1@ ... @PORT9@.
fill_in() {
  local text number port
  text=$(cat -- "$1" && printf x)
  text=${text%x}
  text=${text//@DIR@/"$DIR"}
  text=${text//@LIB@/"$LIB"}
  text=${text//@PYTHON@/"$PYTHON"}
  text=${text//@USER@/"$USER_NAME"}
  for number in 1 2 3 4 5 6 7 8 9; do
    port=PORT$number
    text=${text//@PORT$number@/"${!port}"}
  done
  printf '%s' "$text" >"$1"
}

# copy_case FOLDER: the case's files into DIR, all but the script itself, filled in.
copy_case() {
  local file
  cp -R -- "$1/." "$DIR/"
  chmod -R a+rX -- "$DIR" # the checkout may be nobody else's to read
  rm -f -- "$DIR/script" "$DIR/expect"
  while IFS= read -r -d '' file; do
    fill_in "$file"
  done < <(find "$DIR" -type f -print0)
}

# give_event_logs: to every configuration of the case. The lines below the defaults keep their numbers where an empty one
# follows, and those that have an event log already keep it.
give_event_logs() {
  local file
  while IFS= read -r -d '' file; do
    if grep -q -s '^[[:blank:]]*defaults' "$file"; then give_event_log "$file"; fi
  done < <(find "$DIR" -type f -print0)
}
give_event_log() {
  local text
  text=$(awk -v line="event_log = FILE $DIR/records.json" '
    /^[ \t]*defaults/ { inside = 1 }
    inside && /^[ \t]*event_log/ { given = 1 }
    inside && /^[ \t]*}/ {
      inside = 0
      if (!given) { print line; given = 1; drop = 1 }
      print
      next
    }
    drop && /^[ \t]*$/ { drop = 0; next }
    { drop = 0; print }' "$1" && printf x)
  printf '%s' "${text%x}" >"$1"
}

# normalise: stdin without what differs between runs: folder, ports, dates, process ids, durations.
normalise() {
  sed -E \
    -e "s|$DIR|@DIR@|g" -e "s|$LIB|@LIB@|g" \
    -e "s/\b$PORT1\b/@PORT1@/g" -e "s/\b$PORT2\b/@PORT2@/g" -e "s/\b$PORT3\b/@PORT3@/g" \
    -e "s/\b$PORT4\b/@PORT4@/g" -e "s/\b$PORT5\b/@PORT5@/g" -e "s/\b$PORT6\b/@PORT6@/g" \
    -e "s/\b$PORT7\b/@PORT7@/g" -e "s/\b$PORT8\b/@PORT8@/g" -e "s/\b$PORT9\b/@PORT9@/g" \
    -e 's|[0-9]{2}/[0-9]{1,2}/[0-9]{1,2}@[0-9]{2}:[0-9]{2}:[0-9]{2}|DATE|g' \
    -e 's/\bpid=[1-9][0-9]*/pid=N/g' -e 's/\bduration=[0-9]+/duration=N/g'
}

# ---- complaining ----------------------------------------------------------------------------------------------------

# fail SENTENCE: ends the case.
fail() {
  printf 'line %s: %s\n' "${BASH_LINENO[*]: -2:1}" "$*" >&2
  exit 1
}

# skip SENTENCE: ends the case, which cannot run here.
skip() {
  printf '%s\n' "$*" >&3
  exit 77
}

# needs_socket_filters: skips the case where no program may be attached to a socket of TCP, which newer kernels let no
# ordinary user do. Services whose access lists the kernel would keep are closed there.
needs_socket_filters() {
  if ((EUID == 0)); then return; fi
  "$PYTHON" - <<'PROGRAM' 2>/dev/null || skip 'the kernel lets this user attach no program to a socket'
import ctypes, socket, struct
accept_all = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0xFFFFFFFF))
with socket.socket() as listener:
    listener.setsockopt(socket.SOL_SOCKET, 26, struct.pack("@HP", 1, ctypes.addressof(accept_all)))
PROGRAM
}

# needs_port_lookups: skips the case where the kernel or the privileges allow no ranges of ports (listen = any:...).
needs_port_lookups() {
  run_daemon -t -f "$DIR/xinetd.conf"
  if [[ $daemon_output =~ (CAP_BPF|Linux 5.9) ]]; then skip 'no program that looks up sockets may be loaded here'; fi
}

# expect_eq GOT WANTED
expect_eq() {
  [[ $1 == "$2" ]] || fail "got '$1' where '$2' was expected"
}

# expect_match GOT REGEX
expect_match() {
  [[ $1 =~ $2 ]] || fail "got '$1', which does not match '$2'"
}

# expect_no_match GOT REGEX
expect_no_match() {
  [[ ! $1 =~ $2 ]] || fail "got '$1', which must not match '$2'"
}

# ---- waiting --------------------------------------------------------------------------------------------------------

# eventually COMMAND...: runs it until it succeeds; ends the case when it never does.
eventually() {
  local deadline=$((SECONDS + WAIT))
  until "$@"; do
    ((SECONDS < deadline)) || fail "after $WAIT seconds still not: $*"
    sleep 0.02
  done
}

# count FILE REGEX: how many lines match; 0 when there is no such file yet.
count() {
  local lines=0
  if [[ -e $1 ]]; then lines=$(grep -c -E -e "$2" -- "$1" || true); fi
  printf '%s' "$lines"
}

has_lines() {
  (($(count "$1" "$2") >= $3))
}

# wait_log REGEX [N], wait_slog REGEX [N]: until N lines (1) of the daemon's log, the service log, match.
wait_log() {
  eventually has_lines "$DAEMON_LOG" "$1" "${2:-1}"
}
wait_slog() {
  eventually has_lines "$SERVICE_LOG" "$1" "${2:-1}"
}

# expect_no_log REGEX, expect_no_slog REGEX: no line matches now.
expect_no_log() {
  expect_eq "$(count "$DAEMON_LOG" "$1")" 0
}
expect_no_slog() {
  expect_eq "$(count "$SERVICE_LOG" "$1")" 0
}

# slog: the entries of the service log, without dates.
slog() {
  sed -E 's|^[0-9]{2}/[0-9]{1,2}/[0-9]{1,2}@[0-9]{2}:[0-9]{2}:[0-9]{2}: ||' "$SERVICE_LOG"
}

# alive PID: there is such a process, and it is not a zombie.
alive() {
  local state
  [[ -r /proc/$1/stat ]] && state=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) && [[ ${state:0:1} != Z ]]
}
gone() {
  ! alive "$1"
}

# listens tcp|udp PORT: somebody holds the port. (In /proc/net a listening TCP socket is in state 0A.)
listens() {
  local port files=("/proc/net/$1")
  if [[ -e /proc/net/${1}6 ]]; then files+=("/proc/net/${1}6"); fi
  printf -v port '%04X' "$2"
  if [[ $1 == tcp ]]; then
    grep -q -E "^ *[0-9]+: [0-9A-F]+:$port [0-9A-F]+:[0-9A-F]+ 0A " "${files[@]}"
  else
    grep -q -E "^ *[0-9]+: [0-9A-F]+:$port " "${files[@]}"
  fi
}
silent() {
  ! listens "$@"
}

# ---- the daemon -----------------------------------------------------------------------------------------------------

# through COMMAND...: what starts the daemon from now on, with the daemon's command line behind it. It must execute it.
# injecting SPEC...: strace makes system calls of the daemon and its children fail or wait, each SPEC as after its
# `-e inject=`; only_on FILE, called before, limits that to calls on a file. Skips the case where that cannot be.
THROUGH=(env)
INJECT_ON=()
through() {
  THROUGH=("$@")
}
only_on() {
  INJECT_ON=(-P "$1")
}
injecting() {
  local spec calls=
  command -v strace >/dev/null || skip 'there is no strace'
  strace -qq -o /dev/null true 2>/dev/null || skip 'strace may trace nothing here'
  # The leak check of a sanitizer traces, too, and cannot.
  THROUGH=(env "ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" strace -D -f -qq -o "$DIR/strace.out"
    "${INJECT_ON[@]}")
  for spec; do
    calls+=${calls:+,}${spec%%:*}
    THROUGH+=(-e "inject=$spec")
  done
  THROUGH+=(-e "trace=${calls:-none}")
}

# launch ARGUMENT...: the daemon in the background with exactly these arguments. E2E_DIR marks its descendants.
DAEMON=
launch() {
  E2E_DIR=$DIR "${THROUGH[@]}" "$BIN" "$@" >"$DIR/daemon.out" 2>"$DIR/daemon.err" 3>&- </dev/null &
  DAEMON=$!
}

# start [ARGUMENT...]: the daemon with the case's configuration, until it says that it works.
start() {
  local before=0  # of an earlier daemon of this case
  if [[ -e $DAEMON_LOG ]]; then before=$(grep -c 'Started working: ' "$DAEMON_LOG" || true); fi
  launch -dontfork -f "$DIR/xinetd.conf" -filelog "$DAEMON_LOG" -pidfile "$DIR/pidfile" "$@"
  wait_log 'Started working: [0-9]+ available services?' $((before + 1))
}

# finish: waits for the daemon's end; sets daemon_status, its exit status.
daemon_status=
finish() {
  local deadline=$((SECONDS + WAIT))
  while alive "$DAEMON"; do
    ((SECONDS < deadline)) || fail "the daemon is still there after $WAIT seconds"
    sleep 0.02
  done
  daemon_status=0
  wait "$DAEMON" || daemon_status=$?
  DAEMON=
}

# stop SIGNAL: sends it and waits for the end; sets daemon_status.
stop() {
  kill -s "$1" "$DAEMON"
  finish
}

# run_daemon ARGUMENT...: in the foreground, until it ends by itself. Sets daemon_status and daemon_output (both streams).
run_daemon() {
  launch "$@"
  finish
  daemon_output=$(cat "$DIR/daemon.out" "$DIR/daemon.err")
}

# hup: a reconfiguration, until it is done.
hup() {
  local before
  before=$(count "$DAEMON_LOG" 'Reconfigured: ')
  kill -s HUP "$DAEMON"
  wait_log 'Reconfigured: ' $((before + 1))
}

# hup_in_vain: a reconfiguration that has to fail.
hup_in_vain() {
  local before
  before=$(count "$DAEMON_LOG" 'reconfiguration failed')
  kill -s HUP "$DAEMON"
  wait_log 'reconfiguration failed' $((before + 1))
}

# start_controlled [ARGUMENT...]: as start, with a control socket. ctl ARGUMENT...: xsuperctl, which stands beside the
# daemon, asks it. ctl_fails STATUS ARGUMENT...: it must end with that status; what it says goes into ctl_output.
start_controlled() {
  start --control "$DIR/control" "$@"
}
ctl() {
  "$(dirname "$BIN")/xsuperctl" --socket "$DIR/control" "$@"
}
ctl_output=
ctl_fails() {
  local wanted=$1 status=0
  shift
  ctl_output=$(ctl "$@" 2>&1) || status=$?
  expect_eq "$status" "$wanted"
}

# column SERVICE N: field N of the service's line in the list.
column() {
  ctl list | awk -v id="$1" -v n="$2" '$1 == id { print $n }'
}

# upgrade: the daemon executes its file anew, until the new image says that it has taken over.
upgrade() {
  local before
  before=$(count "$DAEMON_LOG" 'has taken over from')
  kill -s RTMIN "$DAEMON"
  wait_log 'has taken over from' $((before + 1))
}

# upgrade_in_vain REGEX: an upgrade that has to be refused, with that reason.
upgrade_in_vain() {
  local before
  before=$(count "$DAEMON_LOG" 'upgrade refused; still running the old version: ')
  kill -s RTMIN "$DAEMON"
  wait_log 'upgrade refused; still running the old version: ' $((before + 1))
  wait_log "upgrade refused; still running the old version: .*$1"
}

# ---- a service manager ----------------------------------------------------------------------------------------------

# start_managed [OPTION...]: like start, under lib/manager.py with these options, until it has heard that the daemon is
# ready. DAEMON is the manager then, which passes HUP, RTMIN and TERM on and restarts the daemon on USR1.
MANAGER_LOG=$DIR/manager.log
start_managed() {
  E2E_DIR=$DIR "$PYTHON" "$LIB/manager.py" "$@" "$DIR" "$BIN" -dontfork -f "$DIR/xinetd.conf" -filelog "$DAEMON_LOG" \
    -pidfile "$DIR/pidfile" >"$DIR/daemon.out" 2>"$DIR/daemon.err" 3>&- </dev/null &
  DAEMON=$!
  wait_log 'Started working: [0-9]+ available services?'
  if (($(count "$DAEMON_LOG" 'built without libsystemd') > 0)); then
    stop TERM
    skip 'built without libsystemd'
  fi
  wait_manager '^READY=1'
}

# wait_manager REGEX [N]: until the manager has noted N lines (1) that match.
wait_manager() {
  eventually has_lines "$MANAGER_LOG" "$1" "${2:-1}"
}

# restart: by the manager, until the new daemon is ready.
restart() {
  local before
  before=$(count "$MANAGER_LOG" '^READY=1')
  kill -s USR1 "$DAEMON"
  wait_manager '^started ' 2
  wait_manager '^READY=1' $((before + 1))
}

# servers: the pids of the daemon's children that are no helpers of its own. worker: that of the worker.
servers() {
  local pid
  for pid in $(cat /proc/"$DAEMON"/task/*/children); do
    if ! grep -q -z -s -x -F -e xsuperd-worker -e xsuperd-wrap -e xsuperd-nft -e xsuperd-fleet "/proc/$pid/cmdline"; then printf '%s\n' "$pid"; fi
  done
}
worker() {
  local pid
  for pid in $(cat /proc/"$DAEMON"/task/*/children); do
    if grep -q -z -s -x -F xsuperd-worker "/proc/$pid/cmdline"; then printf '%s\n' "$pid"; fi
  done
}

# files_limit N: as many descriptors the daemon may have from now on.
files_limit() {
  prlimit --pid "$DAEMON" --nofile="$1:" 2>/dev/null || skip 'prlimit may not change the limits of a process here'
}

# descriptors PID: how many it has open.
descriptors() {
  local all=(/proc/"$1"/fd/*)
  printf '%s' "${#all[@]}"
}

# misbehave dns|ident MODE: a name server or identity server as in lib/peer_services.py, for a case with a network of its
# own, until the next one. names_from_there: the case's processes ask that name server, and nobody else.
MISBEHAVING=
misbehave() {
  misbehave_with peer_services.py "$@"
}
# The same, of another program of lib.
misbehave_with() {
  if [[ -n $MISBEHAVING ]]; then
    kill "$MISBEHAVING"
    wait "$MISBEHAVING" || true
  fi
  : >"$DIR/misbehaving"
  E2E_DIR=$DIR "$PYTHON" "$LIB/$1" "${@:2}" >"$DIR/misbehaving" 3>&- &
  MISBEHAVING=$!
  eventually has_lines "$DIR/misbehaving" ready 1
}
names_from_there() {
  printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:2\n' >"$DIR/resolv.conf"
  printf 'hosts: dns\n' >"$DIR/nsswitch.conf"
  : >"$DIR/hosts"
  local file
  for file in resolv.conf nsswitch.conf hosts; do
    if [[ ! -e /etc/$file ]]; then skip "there is no /etc/$file"; fi
    mount --bind "$DIR/$file" "/etc/$file"
  done
}

# ---- clients --------------------------------------------------------------------------------------------------------

# tcp PORT [DATA] [ADDRESS]: connects, sends, says it is done, prints all that comes until the end.
tcp() {
  "$PYTHON" "$LIB/client.py" tcp "${3:-127.0.0.1}" "$1" "${2:-}"
}

# local_tcp NAME [DATA]: the same over a UNIX socket, by its path or '@' and its abstract name.
local_tcp() {
  "$PYTHON" "$LIB/client.py" unix "$1" 0 "${2:-}"
}

# udp PORT DATA: sends one datagram and prints the answer.
udp() {
  "$PYTHON" "$LIB/client.py" udp 127.0.0.1 "$1" "$2"
}

# refused PORT, refused_at ADDRESS PORT: true when nothing comes but the end of the connection, or no connection at all.
refused() {
  refused_at 127.0.0.1 "$1"
}
refused_at() {
  expect_eq "$("$PYTHON" "$LIB/client.py" refused "$1" "$2" '')" refused
}

# dial VARIABLE PORT: opens a connection that stays; its descriptor goes into VARIABLE.
dial() {
  local opened
  exec {opened}<>"/dev/tcp/127.0.0.1/$2" || fail "no connection to port $2"
  printf -v "$1" '%d' "$opened"
}

# say FD TEXT: one line to the peer. hear FD: one line from it, on stdout.
say() {
  printf '%s\n' "$2" >&"$1"
}
hear() {
  local line
  IFS= read -r -t "$WAIT" -u "$1" line || fail "nothing came in $WAIT seconds"
  printf '%s\n' "$line"
}

# ended FD: the peer has closed. hang_up FD: we do.
ended() {
  local line status=0
  IFS= read -r -t "$WAIT" -u "$1" line 2>/dev/null || status=$?
  ((status == 1)) || fail "the connection is still open (read ended with $status, '${line:-}')"
}
hang_up() {
  local opened=$1
  exec {opened}>&-
}

# ---- the end --------------------------------------------------------------------------------------------------------

# stop_daemon: for lib/case. The daemon, if it still runs, must end well on SIGTERM; sanitizers must have found nothing.
stop_daemon() {
  local status=0
  if [[ -n $DAEMON ]]; then
    if gone "$DAEMON"; then
      wait "$DAEMON" || status=$?
      printf 'the daemon ended by itself, with status %d\n' "$status"
      status=1
    else
      kill -s TERM "$DAEMON"
      if ! (finish) 2>/dev/null; then
        printf 'the daemon did not end on SIGTERM\n'
        kill -s KILL "$DAEMON"
        status=1
      fi
      wait "$DAEMON" || status=$?
      if ((status != 0)); then printf 'the daemon ended with status %d\n' "$status"; fi
    fi
  fi
  if grep -q -s -E 'Sanitizer|runtime error:' "$DIR/daemon.err" "$DAEMON_LOG"; then
    printf 'a sanitizer complained\n'
    status=1
  fi
  return "$status"
}

# clean_up: ends whatever this case has started and is still there, found by the mark in its environment.
clean_up() {
  local file pid
  for file in $(grep -l -z -s -x -F "E2E_DIR=$DIR" /proc/[0-9]*/environ || true); do
    pid=${file#/proc/}
    kill -s KILL "${pid%/environ}" 2>/dev/null || true
  done
}

# show_evidence: what a failed case leaves behind.
show_evidence() {
  local file
  for file in script.out daemon.log service.log daemon.out daemon.err; do
    if [[ -s $DIR/$file ]]; then
      printf -- '---- %s\n' "$file"
      tail -n 60 "$DIR/$file"
    fi
  done
}
