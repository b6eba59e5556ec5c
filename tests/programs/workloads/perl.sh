#!/usr/bin/env bash
# Hashes, regular expressions, growing strings, forks.
perl -MDigest::SHA=sha256_hex -e '
  use strict;
  my $rounds = $ENV{SHORT} ? 20000 : 300000;
  my (%table, $text);
  srand(1);
  for my $i (1 .. $rounds) {
    my $key = "k" . int(rand(10000));
    $table{$key} .= "x$i," x (1 + $i % 9);
    delete $table{"k" . int(rand(10000))} if $i % 3 == 0;
    $text .= "$key " if $i % 10 == 0;
  }
  (my $changed = $text) =~ s/k(\d)(\d+)/$2-$1/g;
  my @sorted = sort { $a cmp $b } split / /, $changed;
  print sha256_hex(join(",", @sorted)), "\n", sha256_hex(join(";", map { "$_=$table{$_}" } sort keys %table)), "\n";
  for my $n (1 .. 50) {
    my $pid = fork // die;
    if ($pid == 0) { my @list = map { "y" x $_ } 1 .. 500; exit(@list % 7) }
    waitpid $pid, 0;
    print $? >> 8, " ";
  }
  print "\n";
'
