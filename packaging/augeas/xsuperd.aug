(* SPDX-License-Identifier: MIT

   Configuration files of xsuperd, which are xinetd's with more attributes: /etc/xinetd.conf and what it includes.

   The tree is the one that Augeas makes of such files for xinetd, so that what reads or writes the one does with the
   other:

     service = "ftp"
       port = "21"
       only_from              with = ; a node "add" is +=, a node "del" is -=
         value = "192.0.2.0/24"
         value = "::1"
     defaults
       instances = "60"
     includedir = "/etc/xinetd.d"

   Attributes that are lists, or take more than one word, have a "value" for each word; all others have the rest of
   their line as their value. Any attribute may be there, also one that this lens has never heard of.

   As the lens for xinetd is loaded by itself for the same files, and of two that want the same file one is refused, this
   one is not loaded by itself. See "xfm" at the end. *)
module Xsuperd =

(* Blank is what isspace(3) says, but words are parted by blanks and tabs alone. A line end is no part of either. *)
let ws      = /[ \t\r\v\f]*/
let indent  = del ws "\t"
let margin  = del ws ""
let between = del /[ \t\r\v\f]+/ " "
let sep     = del /[ \t]+/ " "
let eol     = del /[ \t]*\n/ "\n"
let eol_any = del /[ \t\r\v\f]*\n/ "\n"

let comment = [ label "#comment" . del /[ \t\r\v\f]*#[ \t\r\v\f]*/ "# "
              . store /([^ \t\r\v\f\n][^\n]*[^ \t\r\v\f\n])|[^ \t\r\v\f\n]/ . eol_any ]
let empty   = [ del /[ \t\r\v\f]*#?[ \t\r\v\f]*\n/ "\n" ]
let skipped = comment | empty

(* Attributes of more than one word. The table of attributes in xsuperd has the same. *)
let lists = /access_times|ban_crowdsec|ban_exempt|ban_nft|ban_on|ban_prefix|ban_share|ban_time|capabilities|cps|disabled|enabled|env|event_log|flags|keepalive|limit_exempt|listen/i
          | /log_on_failure|log_on_success|log_type|no_access|only_cert|only_cid|only_from|only_gid|only_uid|passenv/i
          | /inaccessible_paths|penalty|penalty_range|per_source_rate|proxy_from|queue|rate|read_only_paths|read_write_paths|redirect|redirect_tls|server_args|source_prefix|system_calls/i
          | /tcp_connect|tls_alpn|tls_ciphers|tls_sni|type/i

(* NAME OP VALUE... . A blank before the operator there must be, behind it there may be one. *)
let add = [ label "add" . del "+=" "+=" ]
let remove = [ label "del" . del "-=" "-=" ]
let operator = add | remove | del "=" "="

let word = /[^ \t\n]+/
let line = /[^ \t\n]([^\n]*[^ \t\n])?/
let name = /[A-Za-z0-9_.!?-]+/

let gap = del /[ \t]*/ " "
let one (n:regexp) = [ indent . key n . between . operator . (gap . store line)? . eol ]
let list (n:regexp) = [ indent . key n . between . operator
                      . (gap . [ label "value" . store word ] . (sep . [ label "value" . store word ])*)? . eol ]
let attribute = one (name - lists) | list lists

(* Braces stand on lines of their own. Comments between a header and its brace stay, but are not in the tree, where they
   could not be told from those behind the brace. *)
let body = del /([ \t\r\v\f]*(#[^\n]*)?\n)*[ \t\r\v\f]*\{[ \t\r\v\f]*\n/ "{\n"
         . (skipped | attribute)*
         . del /[ \t\r\v\f]*\}[ \t\r\v\f]*\n/ "}\n"

(* What follows the name on the line of a header counts for nothing. *)
let rest = del /([ \t\r\v\f][^\n]*)?\n/ "\n"
let named = sep . store /[^ \t\r\v\f\n]+/ . rest
let service  = [ margin . key /service/i . named . body ]
let defaults = [ margin . key /defaults/i . rest . body ]
let include  = [ margin . key /include(dir)?/i . named ]

(* A brace too many is reported by the daemon and costs nothing. *)
let stray = [ label "#stray" . margin . store "}" . eol_any ]

let lns = (skipped | service | defaults | include | stray)*

(* What the files are. Used by itself, in place of the lens for xinetd:

     augtool --noautoload --transform "Xsuperd.lns incl /etc/xinetd.conf" --transform "Xsuperd.lns incl /etc/xinetd.d/*"

   and in Puppet

     augeas { 'only from here': lens => 'Xsuperd.lns', incl => '/etc/xinetd.d/ftp', changes => [...] } *)
let xfm = transform lns ((incl "/etc/xinetd.conf") . (incl "/etc/xinetd.d/*") . Util.stdexcl)
