" SPDX-License-Identifier: MIT
" Vim syntax file
" Language: configuration of xsuperd and xinetd, see xsuperd.conf(5)

if exists('b:current_syntax')
  finish
endif

syn case ignore

" What is no comment, header, brace or attribute is an error, as it is for the daemon.
syn match xsuperdStray /^\s*\S.*$/
syn match xsuperdComment /^\s*#.*$/ contains=xsuperdTodo,@Spell
syn keyword xsuperdTodo contained TODO FIXME XXX NOTE

syn match xsuperdHeader /^\s*\%(service\s\+\S\+.*\|defaults\%(\s.*\)\?\)$/ contains=xsuperdKeyword
syn match xsuperdInclude /^\s*\%(include\|includedir\)\s\+\S\+.*$/ contains=xsuperdIncludeKeyword
syn match xsuperdKeyword contained /^\s*\%(service\|defaults\)\>/ nextgroup=xsuperdName skipwhite
syn match xsuperdName contained /\S\+/
syn match xsuperdIncludeKeyword contained /^\s*\%(includedir\|include\)\>/

" Braces stand on lines of their own.
syn region xsuperdEntry matchgroup=xsuperdBrace start=/^\s*{\s*$/ end=/^\s*}\s*$/ fold
  \ contains=xsuperdComment,xsuperdLine,xsuperdBadLine

" An attribute is a word, a blank and an operator; what is none costs the whole entry.
syn match xsuperdBadLine contained /^\s*[^[:blank:]#}].*$/
syn match xsuperdLine contained /^\s*[^[:blank:]#}=]\+\s\+[-+]\?=.*$/
  \ contains=xsuperdAttribute,xsuperdUnknown,xsuperdOperator
syn match xsuperdUnknown contained /^\s*[^[:blank:]=]\+/ nextgroup=xsuperdOperator skipwhite contains=xsuperdAttribute
syn match xsuperdOperator contained /\s\@<=[-+]\?=/ nextgroup=xsuperdValue skipwhite
syn match xsuperdValue contained /.*$/
  \ contains=xsuperdConstant,xsuperdNumber,xsuperdAddress,xsuperdPath

" The table of attributes in xsuperd has the same; interface is another word for bind.
syn keyword xsuperdAttribute contained access_policy access_times backlog banner banner_fail
syn keyword xsuperdAttribute contained ban_crowdsec ban_crowdsec_ca ban_exempt ban_file ban_limit ban_nft ban_on ban_prefix ban_share ban_share_ca ban_share_password ban_time
syn keyword xsuperdAttribute contained banner_success bind bind_device capabilities conn_env cps cps_window
syn keyword xsuperdAttribute contained defer_accept deny_time disable disabled enabled env expand first_data_timeout
syn keyword xsuperdAttribute contained flags fleet_per_source fleet_rate freebind group groups id idle_timeout instances keepalive kill_grace
syn keyword xsuperdAttribute contained libwrap limit_exempt linger listen log_on_failure log_on_success log_type mark
syn keyword xsuperdAttribute contained event_log max_load mdns mptcp nice no_access no_new_privileges only_cert only_cid
syn keyword xsuperdAttribute contained only_from
syn keyword xsuperdAttribute contained only_gid only_uid pass_fds passenv penalty penalty_range per_source
syn keyword xsuperdAttribute contained per_source_rate port protocol proxy_from proxy_timeout queue rate real_peer
syn keyword xsuperdAttribute contained receive_buffer redirect redirect_proxy redirect_tls reload_policy
syn keyword xsuperdAttribute contained removed_sessions rlimit_as rlimit_core rlimit_cpu rlimit_data rlimit_files
syn keyword xsuperdAttribute contained rlimit_fsize rlimit_locks rlimit_memlock rlimit_msgqueue rlimit_nice
syn keyword xsuperdAttribute contained rlimit_nproc rlimit_rss rlimit_rtprio rlimit_rttime rlimit_sigpending
syn keyword xsuperdAttribute contained box_reuse cpu_quota cpu_weight dynamic_uids dynamic_user inaccessible_paths
syn keyword xsuperdAttribute contained memory_max private_devices private_ipc private_network private_pids private_tmp
syn keyword xsuperdAttribute contained read_only_paths read_write_paths root_directory service_cpu_quota
syn keyword xsuperdAttribute contained service_memory_max service_tasks_max swap_max tasks_max user_namespace
syn keyword xsuperdAttribute contained rlimit_stack rpc_number rpc_version runtime_max sandbox send_buffer server
syn keyword xsuperdAttribute contained server_args socket_group socket_mode socket_owner socket_type source_prefix
syn keyword xsuperdAttribute contained stderr system_call_action system_calls tcp_connect tos type umask user v6only wait
syn keyword xsuperdAttribute contained tls tls_alpn tls_cert tls_ciphers tls_client_ca tls_client_cert tls_client_crl
syn keyword xsuperdAttribute contained tls_handover tls_key tls_sni tls_sni_strict tls_timeout tls_versions
syn keyword xsuperdAttribute contained interface

syn keyword xsuperdConstant contained yes no stream dgram raw seqpacket seqpacket_sctp UNLIMITED FOREVER NEVER SYSLOG FILE
syn keyword xsuperdConstant contained INTERNAL RPC UNLISTED TCPMUX TCPMUXPLUS HOST PID USERID EXIT DURATION TRAFFIC ATTEMPT
syn keyword xsuperdConstant contained REUSE INTERCEPT NORETRY IDONLY NAMEINARGS NODELAY KEEPALIVE NOLIBWRAP SENSOR IPv4 IPv6
syn keyword xsuperdConstant contained LABELED STDOUT JOURNAL NONE refuse_both best_match keep terminate lenient strict xinetd ucspi all none systemd basic error kill client log discard optional required
syn match xsuperdNumber contained /\<\d\+[KkMm]\?\>/
syn match xsuperdAddress contained /\<\d\{1,3}\%(\.\d\{1,3}\)\{1,3}\%(\/\d\+\)\?/
syn match xsuperdAddress contained /\<\x\{0,4}\%(:\x\{0,4}\)\{2,7}\%(\/\d\+\)\?/
" Elements of listen; what follows is an address, a path or a name.
syn match xsuperdConstant contained /\%(^\|\s\)\@<=\%(tcp\|udp\|unix\|vsock\|fd\|any\):/
syn match xsuperdPath contained /\%(^\|\s\)\@<=\/\S*/

hi def link xsuperdComment Comment
hi def link xsuperdTodo Todo
hi def link xsuperdKeyword Keyword
hi def link xsuperdIncludeKeyword Include
hi def link xsuperdName Identifier
hi def link xsuperdBrace Delimiter
hi def link xsuperdAttribute Type
hi def link xsuperdUnknown WarningMsg
hi def link xsuperdOperator Operator
hi def link xsuperdConstant Constant
hi def link xsuperdNumber Number
hi def link xsuperdAddress Number
hi def link xsuperdPath String
hi def link xsuperdStray Error
hi def link xsuperdBadLine Error

let b:current_syntax = 'xsuperd'
