# SPDX-License-Identifier: MIT
"""What is tested of manual pages, by the name of the page."""
import re

import recipes
from world import expect


def conf(world):
    """The examples of xsuperd.conf(5), all together: nothing is found, and who is admitted is who should be."""
    expect(len(world.unit.files) == 3, "a main file and two services")
    world.write("/usr/local/bin/greet", "#!/bin/sh\necho Hello\n", 0o755)
    world.write("/srv/tftp/hello.txt", "Hello by TFTP\n")
    for file in world.unit.files:
        world.install(file)
    world.check()
    for peer, time, verdict in (("192.0.2.7", "8:00", "admitted"), ("192.0.2.7", "6:59", "refused (time)"),
                                ("198.51.100.1", "8:00", "refused (address)"), ("2001:db8::1", "8:00", "admitted")):
        said = world.shell(f"xsuperd -t --explain greet {peer} {time}", check=False)
        expect(f"verdict         {verdict}" in said, f"{peer} at {time} is {verdict}: {said}")
    world.start()
    recipes.tftp_read_hello(world)
    return []


# The switch itself: these lines start or stop daemons of the system, or stay in the foreground.
SWITCH = re.compile(r"(systemctl|kill) .*|xsuperd (-stayalive|-dontfork) .*|xsuperd --inetd /etc/inetd.conf")


def migrate(world):
    """The commands of xsuperd-migrate(7), in their order, on a machine that has what they are about. Each must succeed."""
    world.main_file()
    world.write("/etc/vsftpd.conf", "listen=NO\n")
    world.write("/etc/xinetd.d/ftp", world.adapt(f"""\
service ftp
{{
\tsocket_type = stream
\twait = no
\tuser = root
\tserver = /usr/sbin/vsftpd
\tserver_args = {world.path("/etc/vsftpd.conf")}
}}
"""))
    world.write("/etc/inetd.conf", f"{world.port(7004)}\tstream\ttcp\tnowait\t{world.user_for('nobody')}\t/bin/cat\tcat\n")
    world.write("/etc/systemd/system/foo.socket", f"[Socket]\nListenStream={world.port(7009)}\nAccept=yes\n")
    world.write("/etc/systemd/system/foo@.service",
                f"[Service]\nExecStart=/bin/cat\nStandardInput=socket\nUser={world.user_for('nobody')}\n")
    world.start()
    seen = 0
    for command in world.unit.commands:
        if not SWITCH.fullmatch(command.line):
            said = world.shell(command.line)
            expect("unknown option" not in said, f"{command.line}: {said}")
            seen += 1
    expect(seen >= 12, f"{seen} commands are on the page")
    listed = world.shell("xsuperctl list")
    expect(re.search(r"^foo +disabled ", listed, re.M), f"foo has come and was disabled: {listed}")
    expect(re.search(rf"^{world.ports[7004]} +listening ", listed, re.M), f"the line of inetd.conf is served: {listed}")
    return []


TESTS = {"xsuperd.conf.5": conf, "xsuperd-migrate.7": migrate}
