#!/usr/bin/env bash
# Records the corpus anew: fuzz/corpus/record_corpus.sh (from the workspace's root; needs sqlite3, git, python3).
# The cases are what these programs allocate on the machine at hand, so a new recording differs in detail.
set -euo pipefail

root=$(git rev-parse --show-toplevel)
corpus=$root/fuzz/corpus/recorded
bazel build //tools:breakproof
breakproof=$root/bazel-bin/tools/breakproof
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# record NAME PROGRAM LIMIT COMMAND...: keeps the case of the first process called PROGRAM.
record() {
  local name=$1 program=$2 limit=$3
  shift 3
  rm -rf cases
  "$breakproof" record --out cases --limit "$limit" -- "$@" > /dev/null
  mv "cases/$program-1.case" "$corpus/$name.case"
}

cat > program.cc <<'END'
#include <iostream>
#include <map>
#include <regex>
#include <string>
int main(int argc, char** argv) {
  std::map<std::string, int> words;
  const std::regex word("[a-z]+");
  for (int i = 1; i < argc; ++i) {
    if (std::regex_match(argv[i], word)) ++words[argv[i]];
  }
  for (const auto& [text, count] : words) std::cout << text << ' ' << count << '\n';
}
END
record cxx_compile_clang clang++-19 24000 clang++-19 -std=c++20 -O1 -c program.cc -o program.o
record cxx_compile_gcc cc1plus 12000 g++ -std=c++20 -O1 -c program.cc -o program.o

cat > queries.sql <<'END'
create table item(id integer primary key, name text, price real, stock int);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 400)
  insert into item select i, 'item ' || i || hex(randomblob(i % 50)), i * 1.5, i % 17 from n;
create index by_stock on item(stock, price);
create table sale(item int references item(id), day text, amount int);
insert into sale select id, date('2020-01-01', '+' || id || ' days'), stock * 3 from item;
select count(*), avg(price), group_concat(name) from item where stock > 5;
select i.name, sum(s.amount) t from item i join sale s on s.item = i.id group by i.name order by t desc limit 10;
update item set price = price * 1.1 where stock in (select stock from item where price > 100);
select strftime('%m', day) m, sum(amount) over (order by day) from sale order by m limit 20;
delete from item where id % 7 = 0;
vacuum;
select json_group_array(json_object('id', id, 'name', name)) from item where id < 60;
END
record sqlite3_queries sqlite3 20000 sqlite3 database.db '.read queries.sql'

cat > script.py <<'END'
import json, re, collections
text = " ".join(str(n * n) for n in range(3000))
counts = collections.Counter(re.findall(r"\d\d", text))
table = {k: [v] * (v % 13) for k, v in counts.items()}
for _ in range(20):
    table = json.loads(json.dumps(table))
lines = sorted("%s:%s" % item for item in table.items())
print(len("\n".join(lines * 40)))
END
record python3_script python3 20000 /usr/bin/python3 script.py

git init --quiet repository
for n in $(seq 40); do
  echo "$n" >> repository/file
  git -C repository add file
  git -C repository -c user.name=a -c user.email=a@b commit --quiet --message "change $n"
done
record git_log git 20000 git -C repository --no-pager log --stat -p

wc -c "$corpus"/*.case
