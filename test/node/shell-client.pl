# What stands in a stand-in's PATH as `pvesh`, `pvesm` and `pveum`, which are Perl too: asks its core
# over a socket, and has a process of the name that a worker of pvesh has while one runs.
#
#   asks     UID <tab> PROGRAM <tab> ARGUMENT...     each percent-encoded, one line
#   is told  out|err|task|exit <tab> TEXT            the same, any number of lines
use strict;
use Socket;

my ($path, @command) = @ARGV;
my $worker;
my $code = 255;
# Whoever read from it is gone: so is the worker.
$SIG{PIPE} = sub { finish(141) };

socket(my $core, AF_UNIX, SOCK_STREAM, 0) or die "$!\n";
connect($core, pack_sockaddr_un($path)) or die "$!\n";
syswrite $core, join("\t", map { s/([^\w.-])/sprintf '%%%02X', ord $1/ger } $<, @command) . "\n";
while (my $line = <$core>) {
	chomp $line;
	my ($what, $text) = split /\t/, $line, 2;
	$text =~ s/%(..)/chr hex $1/ge;
	if ($what eq 'out') { syswrite STDOUT, $text }
	elsif ($what eq 'err') { syswrite STDERR, $text }
	elsif ($what eq 'task') { $worker = start("task $text") }
	else { $code = $text }
}
finish($code);

sub start {
	my ($name) = @_;
	my $pid = fork;
	return $pid if $pid;
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', '/dev/null';
	open STDERR, '>', '/dev/null';
	exec { 'sleep' } $name, 600;
}

sub finish {
	kill 'KILL', $worker if $worker;
	exit $_[0];
}
