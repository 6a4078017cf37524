# Runs on the other machine for as long as the rehearsal holds its SSH connection. The connection carries TCP port 7844
# of that machine's loopback to the local Cloudflare; SSH forwards no UDP, so the echo that a connector lives on with
# QUIC is given here.
#
# A byte comes on standard input every few seconds. When none came for 20 s, or the input ended, the link is lost: sshd
# may not notice for hours, so its session is ended from here, and the port is free for the next rehearsal.
use strict;
use warnings;
use Socket;

socket my $echo, PF_INET, SOCK_DGRAM, 0 or die "socket: $!\n";
bind $echo, sockaddr_in(7844, INADDR_LOOPBACK) or die "UDP port 7844 of loopback: $!\n";
syswrite STDOUT, "holding\n";

my $session = getppid;
my $last = time;
while (1) {
    my $wanted = '';
    vec($wanted, fileno STDIN, 1) = 1;
    vec($wanted, fileno $echo, 1) = 1;
    select my $ready = $wanted, undef, undef, 1;
    if (vec $ready, fileno STDIN, 1) {
        last unless sysread STDIN, my $beat, 512;
        $last = time;
    }
    if (vec $ready, fileno $echo, 1) {
        my $peer = recv $echo, my $bytes, 2048, 0;
        send $echo, $bytes, 0, $peer if defined $peer;
    }
    last if time - $last > 20;
}
kill 'TERM', $session if $session > 1;
