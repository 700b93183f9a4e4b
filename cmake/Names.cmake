# SPDX-License-Identifier: MIT
# What packages install beyond the programs and their manual: the names by which the daemon stands in the place of
# xinetd and inetd (XSUPERD_NAMES), and a configuration to begin with.
option(XSUPERD_NAMES "install the names xinetd and inetd too: programs, manual pages, units" OFF)

# install_name(DIRECTORY NAME TARGET): a symbolic link, TARGET being in the same directory.
function(install_name directory name target)
  string(MD5 folder ${directory})
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/names/${folder})
  file(CREATE_LINK ${target} ${CMAKE_BINARY_DIR}/names/${folder}/${name} SYMBOLIC)
  install(FILES ${CMAKE_BINARY_DIR}/names/${folder}/${name} DESTINATION ${directory})
endfunction()

if(XSUPERD_NAMES)
  foreach(name xinetd inetd)
    install_name(${CMAKE_INSTALL_SBINDIR} ${name} xsuperd)
    install_name(${CMAKE_INSTALL_MANDIR}/man8 ${name}.8 xsuperd.8)
    install_name(${CMAKE_INSTALL_MANDIR}/man5 ${name}.conf.5 xsuperd.conf.5)
  endforeach()
  install_name(${CMAKE_INSTALL_MANDIR}/man5 xinetd.log.5 xsuperd.log.5)
endif()

if(XSUPERD_NAMES AND XSUPERD_SYSTEMD_FOUND AND XSUPERD_UNIT_DIR)
  install_name(${XSUPERD_UNIT_DIR} xinetd.service xsuperd.service)
  install_name(${XSUPERD_UNIT_DIR} inetd.service xsuperd.service)
endif()

# To be copied to /etc/xinetd.conf where there is none, and samples to look at.
install(FILES ${CMAKE_SOURCE_DIR}/packaging/xinetd.conf DESTINATION ${CMAKE_INSTALL_DATADIR}/xsuperd)
install(FILES ${CMAKE_SOURCE_DIR}/examples/xinetd.conf DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/xinetd.d DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES ${CMAKE_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
