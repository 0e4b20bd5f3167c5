#!/bin/sh
# What launch.sh does on a host, in the folder that this file lies in.
#
#   task.sh run NAME [--resume]   runs a task, with the TF_CONFIG in tasks/NAME.json
#   task.sh stop NAME             ends it
#   task.sh pack                  gives what was trained, as tar does
#   task.sh setup                 installs requirements.txt, in .venv
set -eu

cd "$(dirname "$0")"
if [ -z "${PYTHON:-}" ]; then
  PYTHON=python3
  if [ -x .venv/bin/python ]; then PYTHON=.venv/bin/python; fi
fi
action=$1
shift
case $action in
  run)
    name=$1
    shift
    mkdir -p logs
    TF_CONFIG=$(cat "tasks/$name.json")
    export TF_CONFIG
    "$PYTHON" -u train.py "$@" &
    pid=$!
    echo "$pid" > "logs/$name.pid"
    # Whoever ends this ends the training.
    trap 'kill "$pid" 2> /dev/null' HUP INT TERM
    code=0
    wait "$pid" || code=$?
    rm -f "logs/$name.pid"
    exit "$code"
    ;;
  stop)
    file=logs/$1.pid
    if [ ! -f "$file" ]; then exit 0; fi
    pid=$(cat "$file")
    # A number that outlived its process may be that of another.
    if [ -d /proc/self ] && [ "$(readlink "/proc/$pid/cwd")" != "$(pwd -P)" ]; then
      rm -f "$file"
      exit 0
    fi
    kill "$pid" 2> /dev/null || true
    tries=0
    while [ -f "$file" ] && kill -0 "$pid" 2> /dev/null; do
      tries=$((tries + 1))
      if [ "$tries" -eq 20 ]; then kill -9 "$pid" 2> /dev/null || true; fi
      if [ "$tries" -gt 40 ]; then exit 1; fi
      sleep 0.5
    done
    rm -f "$file"
    ;;
  pack)
    mkdir -p checkpoints artifacts
    tar -cf - checkpoints artifacts
    ;;
  setup)
    python3 -m venv .venv
    .venv/bin/python -m pip install --requirement requirements.txt
    ;;
  *)
    echo "task.sh: \"$action\" is unknown; expected run, stop, pack or setup." >&2
    exit 2
    ;;
esac
