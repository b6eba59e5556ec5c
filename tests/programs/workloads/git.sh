#!/usr/bin/env bash
# A repository with a history: commits, branches, merges, repacking, a clone, a blame.
set -e
commits=60
[[ $SHORT ]] && commits=15
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_CONFIG_NOSYSTEM=1 HOME=$PWD GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
git init -q -b main repository
cd repository
for (( i = 0; i < commits; ++i )); do
  for (( file = 0; file < 10; ++file )); do
    awk -v i="$i" -v file="$file" 'BEGIN { for (n = 0; n < 300; ++n) print n * (n % (i + 2) == 0 ? i : file), "line" }' \
      >"file$file"
  done
  git add . && git commit -q -m "commit $i"
  (( i % 10 )) || { git checkout -q -b "side$i" && echo "$i" >"side$i" && git add . && git commit -q -m "side $i" &&
    git checkout -q main && git merge -q --no-ff -m "merge $i" "side$i"; }
done
git log --stat --graph | sha256sum
git diff HEAD~10 | sha256sum
git blame file3 | sha256sum
git -c pack.threads=2 repack -q -a -d -f
git fsck --full
git clone -q . ../clone
git -C ../clone rev-parse HEAD
