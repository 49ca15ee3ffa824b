#!/bin/sh
# All figures in one command: ./run.sh [options of the bench]. Reaches no network and writes nothing outside this folder:
# results.json, results.md (rows for the README), profile.txt, and what was learnt about the card in cache.
set -u
PATH="${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
here=$(cd "$(dirname "$0")" && pwd) || exit 1
export PATH XDG_CACHE_HOME="${XDG_CACHE_HOME:-$here/cache}"

# What the bench ends with where WebGPU finds no adapter.
none=3
bench() {
  "$here/node" --disable-warning=ExperimentalWarning "$here/bench.mjs" --json "$here/results.json" \
    --markdown "$here/results.md" --profile "$here/profile.txt" "$@"
}

# Containers often have NVIDIA's driver without the description by which the loader finds it, or without X's libraries.
if { [ -e /dev/nvidiactl ] || [ -d /usr/local/nvidia ]; } && [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ]; then
  bench --real "$@"
  status=$?
  [ "$status" -eq "$none" ] || exit "$status"
  for driver in /usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json "$here/nvidia_glx.json" "$here/nvidia_egl.json"; do
    [ -f "$driver" ] || continue
    echo "again with the driver of $driver"
    VK_DRIVER_FILES="$driver" bench --real "$@"
    status=$?
    [ "$status" -eq "$none" ] || exit "$status"
  done
  # Tells why none of them would load.
  export VK_LOADER_DEBUG=error
fi
bench "$@"
