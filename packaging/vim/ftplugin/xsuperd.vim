" SPDX-License-Identifier: MIT
" Vim filetype plugin
" Language: configuration of xsuperd and xinetd

if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal comments=:# commentstring=#\ %s formatoptions-=t formatoptions+=croql
setlocal noexpandtab
" :make tells what is wrong with the configuration that the machine has.
setlocal makeprg=xsuperctl\ check errorformat=%f:%l:%c:\ %t%*[^:]:\ %m,%f:%l:\ %t%*[^:]:\ %m
" CTRL-X CTRL-O completes attributes.
setlocal omnifunc=syntaxcomplete#Complete

let b:undo_ftplugin = 'setlocal comments< commentstring< formatoptions< expandtab< makeprg< errorformat< omnifunc<'
