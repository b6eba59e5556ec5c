#!/usr/bin/env bash
# redis-server under redis-benchmark; then known data by several clients, whose digest is compared.
set -e
socket=$PWD/redis.sock
# By its own name it is the server; the package redis-server would only add a link, and a service that starts at boot.
server() { exec -a redis-server redis-check-rdb "$@"; }
server --port 0 --unixsocket "$socket" --save '' --appendonly no --dir "$PWD" --enable-debug-command yes \
  --activedefrag no >server.log 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for (( i = 0; i < 100; ++i )); do
  redis-cli -s "$socket" ping >/dev/null 2>&1 && break
  sleep 0.1
done
# What it prints after the name of each test is how fast it was.
redis-benchmark -s "$socket" -q -n 20000 -c 20 -P 8 -d 200 -r 10000 \
  -t set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange_100,mset 2>/dev/null | tr '\r' '\n' |
  grep -E 'requests per second' | sed 's/:.*//'
redis-benchmark -s "$socket" -q -n 50000 -c 20 -P 16 -t set,get,lpush -d 3000 >/dev/null
redis-cli -s "$socket" flushall
clients=()
for (( client = 0; client < 4; ++client )); do
  awk -v client="$client" 'BEGIN {
    for (i = 0; i < 30000; ++i) {
      text = ""
      for (n = 0; n < i % 20; ++n) text = text "value" (i * n)
      printf "SET s%d-%d \"%s\"\r\nRPUSH l%d-%d \"%s\" %d\r\nHSET h%d f%d-%d \"%s\"\r\n", client, i, text, client, i % 500, text, i,
        i % 100, client, i, text
      if (i % 3 == 0) printf "DEL s%d-%d\r\nLTRIM l%d-%d 0 20\r\n", client, i / 2, client, i % 500
    }
  }' | redis-cli -s "$socket" --pipe | grep -E 'errors: 0' &
  clients+=($!)
done
wait "${clients[@]}"
redis-cli -s "$socket" dbsize
redis-cli -s "$socket" debug digest
redis-cli -s "$socket" bgsave >/dev/null  # by a fork
while redis-cli -s "$socket" info persistence | grep -q rdb_bgsave_in_progress:1; do sleep 0.1; done
redis-cli -s "$socket" info persistence | grep rdb_last_bgsave_status
redis-cli -s "$socket" shutdown nosave 2>/dev/null || true
wait "$server"
grep -cE 'crashed|Assertion|BUG REPORT' server.log || true
