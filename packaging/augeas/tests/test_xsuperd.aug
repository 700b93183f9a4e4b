(* SPDX-License-Identifier: MIT
   Checked by augparse(1); xsuperd.aug says what the tree is. *)
module Test_xsuperd =

let plain = "# All that is served
defaults
{
	instances	= 60
	log_type	= FILE /var/log/servicelog
	log_on_success	= HOST PID
}

includedir /etc/xinetd.d
"

test Xsuperd.lns get plain =
  { "#comment" = "All that is served" }
  { "defaults"
    { "instances" = "60" }
    { "log_type" { "value" = "FILE" } { "value" = "/var/log/servicelog" } }
    { "log_on_success" { "value" = "HOST" } { "value" = "PID" } } }
  {}
  { "includedir" = "/etc/xinetd.d" }

(* Operators, on lists and on single words. *)
test Xsuperd.lns get "service x\n{\n only_from += ::1 .example.org\n flags -= IPv6\n nice += 3\n}\n" =
  { "service" = "x"
    { "only_from" { "add" } { "value" = "::1" } { "value" = ".example.org" } }
    { "flags" { "del" } { "value" = "IPv6" } }
    { "nice" = "3" { "add" } } }

(* Elements of listen, and other lists that only xsuperd has. *)
test Xsuperd.lns get "service x\n{\n\tlisten = unix:/run/x.sock tcp:[::1]:21 any:203.0.113.0/24:1-1024\n\tlisten -= vsock:any:99\n\tlisten += fd:web unix:@x\n\tonly_uid = root 1000\n\tonly_gid += adm\n\tonly_cid = 3\n\tkeepalive = 60 10 6\n\tsocket_mode = 660\n}\n" =
  { "service" = "x"
    { "listen" { "value" = "unix:/run/x.sock" } { "value" = "tcp:[::1]:21" } { "value" = "any:203.0.113.0/24:1-1024" } }
    { "listen" { "del" } { "value" = "vsock:any:99" } }
    { "listen" { "add" } { "value" = "fd:web" } { "value" = "unix:@x" } }
    { "only_uid" { "value" = "root" } { "value" = "1000" } }
    { "only_gid" { "add" } { "value" = "adm" } }
    { "only_cid" { "value" = "3" } }
    { "keepalive" { "value" = "60" } { "value" = "10" } { "value" = "6" } }
    { "socket_mode" = "660" } }

test Xsuperd.lns put "service x\n{\n\tlisten = tcp:[::1]:21\n}\n" after
    set "/service/listen/value[2]" "unix:/run/x.sock"
  = "service x\n{\n\tlisten = tcp:[::1]:21 unix:/run/x.sock\n}\n"

(* An empty list, which refuses everybody, with and without blanks behind it; a value right behind its operator. *)
test Xsuperd.lns get "service x\n{\n\tonly_from = \n\tno_access =\n\tid =y\n\tenv +=A=B\n\tport ==\n}\n" =
  { "service" = "x"
    { "only_from" }
    { "no_access" }
    { "id" = "y" }
    { "env" { "add" } { "value" = "A=B" } }
    { "port" = "=" } }

(* Attributes that xinetd does not have, or no longer, and some that nobody has. *)
test Xsuperd.lns get "service x\n{\n\taccess_policy = best_match\n\tcps_window = 60\n\tper_source_rate = 10 60\n\tbacklog = 5\n\tmdns = no\n\tv6only = yes\n\tx-local.setting = a b  c\n}\n" =
  { "service" = "x"
    { "access_policy" = "best_match" }
    { "cps_window" = "60" }
    { "per_source_rate" { "value" = "10" } { "value" = "60" } }
    { "backlog" = "5" }
    { "mdns" = "no" }
    { "v6only" = "yes" }
    { "x-local.setting" = "a b  c" } }

(* Rates, queues, penalties and times. *)
test Xsuperd.lns get "service x\n{\n\trate = 100/second 200\n\tqueue = 100 30s\n\tsource_prefix = 32 64\n\tlimit_exempt += ::1\n\tpenalty = exit=10s signal=1m\n\tpenalty_range = 15s 10m\n\truntime_max = 1h\n\tidle_timeout = 10m\n\tfirst_data_timeout = 10\n\tkill_grace = 5\n\tproxy_from += ::1\n\tproxy_timeout = 10\n}\n" =
  { "service" = "x"
    { "rate" { "value" = "100/second" } { "value" = "200" } }
    { "queue" { "value" = "100" } { "value" = "30s" } }
    { "source_prefix" { "value" = "32" } { "value" = "64" } }
    { "limit_exempt" { "add" } { "value" = "::1" } }
    { "penalty" { "value" = "exit=10s" } { "value" = "signal=1m" } }
    { "penalty_range" { "value" = "15s" } { "value" = "10m" } }
    { "runtime_max" = "1h" }
    { "idle_timeout" = "10m" }
    { "first_data_timeout" = "10" }
    { "kill_grace" = "5" }
    { "proxy_from" { "add" } { "value" = "::1" } }
    { "proxy_timeout" = "10" } }

(* Several words where one is expected are kept as they stand; a number sign in a line begins no comment. *)
test Xsuperd.lns get "service x\n{\n\tserver_args = -c # \"a b\"\n\tport = 80 # http\n}\n" =
  { "service" = "x"
    { "server_args" { "value" = "-c" } { "value" = "#" } { "value" = "\"a" } { "value" = "b\"" } }
    { "port" = "80 # http" } }

(* Upper and lower case; more words on the line of a header; blanks around braces. *)
test Xsuperd.lns get "Service x of mine\n  {  \n\tOnly_From = ::1\n\tPORT = 7\n }\n\n  include /etc/more.conf\n" =
  { "Service" = "x"
    { "Only_From" { "value" = "::1" } }
    { "PORT" = "7" } }
  {}
  { "include" = "/etc/more.conf" }

(* Between a header and its brace there may be comments. *)
test Xsuperd.lns get "service x\n# why\n\n{\n\t# inside\n\twait = no\n}\n" =
  { "service" = "x" { "#comment" = "inside" } { "wait" = "no" } }

(* Lines that end in CR LF: the CR is part of the last word, as it is for the daemon, which reports it. *)
test Xsuperd.lns get "service x\r\n{\r\n\twait = no\r\n}\r\n" =
  { "service" = "x" { "wait" = "no\r" } }

(* A brace too many. *)
test Xsuperd.lns get "service x\n{\n}\n}\n" = { "service" = "x" } { "#stray" = "}" }

(* What the daemon does not take for an entry, or drops, is none here. *)
test Xsuperd.lns get "service x {\n\twait = no\n}\n" = *
test Xsuperd.lns get "service x\n{\n\twait=no\n}\n" = *
test Xsuperd.lns get "service x\n{\n\twait = no\n" = *
test Xsuperd.lns get "service\n{\n}\n" = *
test Xsuperd.lns get "port = 7\n" = *

(* What is written. All that nobody touches stays as it is, to the byte. *)
test Xsuperd.lns put "service x\n# why\n{\n   port\t =  21\n   wait = no\n}\n" after
    set "/service/port" "2121";
    set "/service/only_from/value[1]" "192.0.2.0/24";
    set "/service/only_from/value[2]" "::1"
  = "service x\n# why\n{\n   port\t =  2121\n   wait = no\n\tonly_from = 192.0.2.0/24 ::1\n}\n"

test Xsuperd.lns put "service x\n{\n\tno_access = 192.0.2.1\n}\n" after
    insb "add" "/service/no_access/value";
    set "/service/no_access/value[2]" "192.0.2.2"
  = "service x\n{\n\tno_access += 192.0.2.1 192.0.2.2\n}\n"

test Xsuperd.lns put "" after
    set "/service[1]" "echo";
    set "/service[1]/type" "";
    clear "/service[1]/type";
    set "/service[1]/type/value" "INTERNAL";
    set "/service[1]/disable" "no"
  = "service echo\n{\n\ttype = INTERNAL\n\tdisable = no\n}\n"

test Xsuperd.lns put plain after
    rm "/defaults/log_type";
    set "/defaults/per_source" "10"
  = "# All that is served
defaults
{
	instances	= 60
	log_on_success	= HOST PID
	per_source = 10
}

includedir /etc/xinetd.d
"
