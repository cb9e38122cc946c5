#!/usr/bin/env bash
# Runs the runtime's tests of the backend 'cuda' on a machine with a GPU: plain,
# then under the tools of compute-sanitizer.
#
#   utils/gpu_tests.sh BUILD [TOOL...]
#
# BUILD has bin/capstan_rt_tests and its modules; TOOL is any of plain, memcheck,
# racecheck and synccheck, by default all. The exit status is that of the worst.
set -uo pipefail

build=${1:?usage: gpu_tests.sh BUILD [TOOL...]}
shift
tools=("$@")
((${#tools[@]})) || tools=(plain memcheck racecheck synccheck)
tests=$build/bin/capstan_rt_tests
filter='*cuda*'

# No tests must not look like tests that pass.
count=$("$tests" --gtest_list_tests --gtest_filter="$filter" | grep -c '^  ')
if ((count == 0)); then
  echo "gpu_tests: no tests of 'cuda': the backend is not built in, or there is no GPU" >&2
  exit 1
fi
echo "gpu_tests: $count tests of 'cuda'"

# A fault on purpose is for no tool. racecheck loses track of launches in two tests,
# says so by an "Internal Sanitizer Error", and hangs; it takes minutes for the
# kernels of cuBLASLt. No other kernel has shared memory, which is all it looks at.
faults='*.FaultsName*'
lost='*.FullQueuesBlock/*:*.EvictionsUnderEightThreads/*:*Gemm*'

worst=0
for tool in "${tools[@]}"; do
  chosen=$filter
  [[ $tool == plain ]] || chosen+="-$faults"
  [[ $tool != racecheck ]] || chosen+=":$lost"
  command=("$tests" --gtest_brief=1 "--gtest_filter=$chosen")
  # What tests provoke on purpose, such as code that the driver refuses, is an
  # error of the driver's API, not of the program.
  [[ $tool == plain ]] || command=(compute-sanitizer --tool "$tool" --report-api-errors no
    --error-exitcode 9 "${command[@]}")
  start=$SECONDS
  timeout "${GPU_TESTS_TIMEOUT:-600}" "${command[@]}"
  status=$?
  echo "gpu_tests: $tool: status $status, $((SECONDS - start)) s"
  ((status > worst)) && worst=$status
done
exit "$worst"
