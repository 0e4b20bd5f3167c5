#!/usr/bin/env bash
# Trains on the hosts of tasks.txt: copies this folder to each of them, starts each task there
# with its TF_CONFIG, waits for all, and ends all as soon as one fails.
#
#   ./launch.sh setup      copies the folder and installs requirements.txt, in a .venv on each host
#   ./launch.sh            trains
#   ./launch.sh --resume   trains on from the last checkpoint
#   ./launch.sh stop       ends what goes on, from another terminal too
#   ./launch.sh fetch      brings checkpoints and artifacts here, as the end of a training does
#
# REMOTE is the folder on each host; relative to where ssh arrives, it is @REMOTE@.
# PYTHON is the Python there: the .venv in that folder, or python3.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
REMOTE=${REMOTE:-@REMOTE@}
PYTHON=${PYTHON:-}

SSH=(ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15)

say() { printf '%s\n' "launch.sh: $*" >&2; }

# One word for a shell, whatever stands in it.
quote() {
  local text=$1 apostrophe="'\\''"
  printf "'%s'" "${text//\'/$apostrophe}"
}

names=() places=() hosts=()
while read -r name host rest; do
  case $name in '' | '#'*) continue ;; esac
  if [[ ! $name =~ ^(chief|worker|ps)-[0-9]+$ || ! -f tasks/$name.json || -n $rest ]]; then
    say "tasks.txt names \"$name\"; expected a task of tasks/, such as worker-0, and its host."
    exit 2
  fi
  if [[ ! $host =~ ^([A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9_:][A-Za-z0-9_.:-]*$ ]]; then
    say "\"$host\" is no name of a host. Write $name and a host in tasks.txt, or user@host."
    exit 2
  fi
  names+=("$name") places+=("$host")
  case " ${hosts[*]-} " in *" $host "*) ;; *) hosts+=("$host") ;; esac
done < tasks.txt
if [ ${#names[@]} -eq 0 ]; then
  say "tasks.txt names no task."
  exit 2
fi

# Runs task.sh on a host. Its words are quoted for the shell that ssh starts there.
there() {
  local host=$1 command word
  shift
  command="PYTHON=$(quote "$PYTHON") sh $(quote "$REMOTE/task.sh")"
  for word in "$@"; do command+=" $(quote "$word")"; done
  "${SSH[@]}" -- "$host" "$command" < /dev/null
}

address() { case $1 in *:*) printf '[%s]' "$1" ;; *) printf '%s' "$1" ;; esac; }

# Copies this folder to a host. Checkpoints there are of another training, or were fetched.
push() {
  local host=$1 excluded=(--exclude=/artifacts --exclude=/logs --exclude=/.venv) place
  [ "$2" = yes ] || excluded+=(--exclude=/checkpoints)
  place=$(quote "$REMOTE")
  "${SSH[@]}" -- "$host" "mkdir -p $place && rm -rf $place/checkpoints" < /dev/null
  if command -v rsync > /dev/null; then
    rsync -a -s -e "${SSH[*]}" "${excluded[@]}" -- ./ "$(address "$host"):$REMOTE/"
  else
    excluded=("${excluded[@]/=\//=./}")
    tar -cf - "${excluded[@]}" . | "${SSH[@]}" -- "$host" "tar -xf - -C $place"
  fi
}

# Brings what was trained here, from the host of the first task, which writes it.
fetch() {
  local code=0 fetched name
  "${SSH[@]}" -- "${places[0]}" "test -f $(quote "$REMOTE/task.sh")" < /dev/null || code=$?
  if [ "$code" -eq 1 ]; then
    say "nothing has been trained on ${places[0]}."
    return
  elif [ "$code" -ne 0 ]; then
    say "${places[0]} can't be reached."
    exit 1
  fi
  fetched=$(mktemp -d .fetched.XXXXXX)
  if ! there "${places[0]}" pack | tar -xf - -C "$fetched"; then
    rm -rf "$fetched"
    say "what was trained on ${places[0]} can't be fetched."
    exit 1
  fi
  for name in checkpoints artifacts; do
    rmdir "$fetched/$name" 2> /dev/null && continue
    rm -rf "./$name"
    mv "$fetched/$name" "$name"
  done
  rmdir "$fetched"
}

stop() {
  local i
  for i in "${!names[@]}"; do
    there "${places[$i]}" stop "${names[$i]}" || say "${names[$i]} can't be ended."
  done
}

train() {
  local i=$1 line
  shift
  there "${places[$i]}" run "${names[$i]}" "$@" 2>&1 |
    while IFS= read -r line || [ -n "$line" ]; do printf '%s | %s\n' "${names[$i]}" "$line"; done
}

finish() {
  trap - INT TERM
  say "$1"
  stop
  wait || true
  exit "$2"
}

launch() {
  local i host pids=() left served='' keep=no
  if [ "${1-}" = --resume ]; then
    keep=yes
    fetch
  fi
  for host in "${hosts[@]}"; do push "$host" "$keep"; done
  trap 'finish "interrupted: all tasks are ended." 130' INT TERM
  for i in "${!names[@]}"; do
    case ${names[$i]} in ps-*) served=yes ;; esac
    train "$i" "$@" &
    pids[i]=$!
  done
  left=${#names[@]}
  while [ "$left" -gt 0 ]; do
    sleep 0.5
    for i in "${!pids[@]}"; do
      kill -0 "${pids[$i]}" 2> /dev/null && continue
      wait "${pids[$i]}" || finish "${names[$i]} failed: all tasks are ended." 1
      unset "pids[$i]"
      left=$((left - 1))
      # Parameter servers wait for ever: the end of the chief is that of all.
      if [ "$i" -eq 0 ] && [ -n "$served" ] && [ "$left" -gt 0 ]; then
        stop
        wait || true
        break 2
      fi
    done
  done
  trap - INT TERM
  fetch
  say "all tasks are done; what was trained is in artifacts."
}

case ${1-} in
  '' | --resume) launch "$@" ;;
  stop) stop ;;
  fetch) fetch ;;
  setup)
    for host in "${hosts[@]}"; do
      push "$host" no
      there "$host" setup
    done
    ;;
  *)
    say "\"$1\" is unknown; expected nothing, --resume, stop, fetch or setup."
    exit 2
    ;;
esac
