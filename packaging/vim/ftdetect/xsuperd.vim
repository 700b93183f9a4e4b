" SPDX-License-Identifier: MIT
" Vim takes these files for xinetd's, which has fewer attributes.
autocmd BufNewFile,BufRead /etc/xinetd.conf,*/xinetd.conf,/etc/xinetd.d/*,*/xinetd.d/* set filetype=xsuperd
