use strict;
use warnings;
use Socket;

my ($port, $address) = sockaddr_in(getpeername(STDIN));
my ($own_port, $own) = sockaddr_in(getsockname(STDIN));
print join(" ", inet_ntoa($address), $port, inet_ntoa($own), $own_port, <STDIN>);
