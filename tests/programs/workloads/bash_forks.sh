#!/usr/bin/env bash
# A shell that forks thousands of times: subshells, pipelines, command substitution, background jobs.
count=3000
[[ $SHORT ]] && count=300
sum=0
for (( i = 0; i < count; ++i )); do
  value=$(printf %s "$i")
  (( sum += value ))
  (( i % 10 )) || sum=$(( sum + $(printf '%s\n' a b c | grep -c .) ))
  (( i % 25 )) || { ( exit 3 ) & wait $!; (( sum += $? )); }
done
declare -A table
for (( i = 0; i < count * 5; ++i )); do table[key$(( i % 997 ))]+=$i; done
echo "$sum ${#table[@]} ${table[key5]:0:100}"
