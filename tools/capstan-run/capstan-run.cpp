//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Runs an entry of a compiled module, or of IR, on the host or a GPU.
//
//===----------------------------------------------------------------------===//

#include "Compare.h"
#include "Files.h"
#include "Inputs.h"
#include "Program.h"
#include "capstan/Interfaces/OpModels.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Process.h"
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <sys/resource.h>
#include <thread>

using namespace capstan::run;
namespace cl = llvm::cl;
using Clock = std::chrono::steady_clock;

namespace {
cl::OptionCategory category("capstan-run");

/// Made in `main`, since libLLVM has options of its own of some of the names.
struct Options {
  cl::opt<std::string> file{cl::Positional, cl::Required,
                            cl::desc("IN.mlir|OUT.so"), cl::cat(category)};
  cl::opt<std::string> entryName{"entry",
                                 cl::desc("the function to call (default: the "
                                          "only one, or main)"),
                                 cl::value_desc("NAME"), cl::cat(category)};
  cl::list<std::string> inputSpecs{
      "input",
      cl::desc("arguments by name: a .npz or .safetensors file, or "
               "NAME=FILE.npy, NAME=5, NAME=[3,4], NAME=zeros, "
               "NAME=random:SEED[:LOW:HIGH]; the name * is all that "
               "nothing else gives"),
      cl::value_desc("FILE|NAME=VALUE"), cl::cat(category)};
  cl::list<std::string> shapeSpecs{
      "shape",
      cl::desc("sizes of an argument that zeros or random "
               "makes and that has dynamic ones"),
      cl::value_desc("NAME=2x64"), cl::cat(category)};
  cl::opt<std::string> outputFile{"out", cl::desc("write the outputs"),
                                  cl::value_desc("FILE.npz"),
                                  cl::cat(category)};
  cl::opt<std::string> compareFile{
      "compare",
      cl::desc("another module, run on the same inputs, or a .npz "
               "with the expected outputs"),
      cl::value_desc("OTHER"), cl::cat(category)};
  cl::opt<double> tolerance{"tolerance",
                            cl::desc("with --compare: fail if an output's "
                                     "relative error is larger; 0: if a bit "
                                     "differs"),
                            cl::value_desc("X"), cl::cat(category)};
  cl::opt<bool> print{"print", cl::desc("print the outputs' elements"),
                      cl::cat(category)};
  cl::opt<unsigned> repeat{"repeat", cl::desc("number of calls"), cl::init(1),
                           cl::cat(category)};
  cl::opt<std::string> stats{"stats",
                             cl::desc("write times and counters as JSON; - is "
                                      "standard output"),
                             cl::value_desc("FILE"), cl::cat(category)};
  cl::opt<std::string> trace{"trace",
                             cl::desc("write a trace that chrome://tracing and "
                                      "Perfetto read"),
                             cl::value_desc("FILE"), cl::cat(category)};
  cl::opt<bool> profile{
      "profile",
      cl::desc("print a table of kernels: time, and how near each is to what "
               "the device can do; without graphs, all calls but the first"),
      cl::cat(category)};
  cl::opt<int> threads{"threads",
                       cl::desc("threads of kernels (default: cores)"),
                       cl::cat(category)};
  cl::opt<uint64_t> seed{"delay-seed", cl::desc("seed of --max-delay-us"),
                         cl::cat(category)};
  cl::opt<int64_t> maxDelay{"max-delay-us",
                            cl::desc("random delay before each piece of device "
                                     "work, to find races"),
                            cl::cat(category)};
  cl::opt<bool> poison{"poison", cl::desc("fill new device memory with poison"),
                       cl::cat(category)};
  cl::opt<int> maxGraphs{"max-graphs",
                         cl::desc("graphs to keep at one time (default: all)"),
                         cl::value_desc("N"), cl::cat(category)};
  cl::opt<int64_t> maxGraphBytes{
      "max-graph-bytes", cl::desc("device memory for graphs (default: all)"),
      cl::value_desc("N"), cl::cat(category)};
  cl::opt<bool> hostSyncPipeline{
      "host-sync-pipeline",
      cl::desc("of IR: take out host syncs first (default: on)"),
      cl::init(true), cl::cat(category)};
  cl::opt<bool> planMemory{
      "plan-memory",
      cl::desc("of IR: give buffers places in arenas (default: on)"),
      cl::init(true), cl::cat(category)};
  cl::opt<std::string> target{"target", cl::desc("what runs it: host or cuda"),
                              cl::init("host"), cl::cat(category)};
  cl::opt<std::string> chip{"chip",
                            cl::desc("of IR: the processor (default: this "
                                     "one), or the GPU (default: sm_90)"),
                            cl::cat(category)};
};
Options *options = nullptr;

struct Release {
  void operator()(capstan_rt_device *d) const { capstan_rt_device_release(d); }
  void operator()(capstan_rt_stream *s) const { capstan_rt_stream_release(s); }
};

/// Says on a terminal that something long is still going on.
class Progress {
public:
  explicit Progress(std::string what)
      : what(std::move(what)), start(Clock::now()) {
    if (llvm::sys::Process::StandardErrIsDisplayed())
      thread = std::thread([this] { run(); });
  }
  ~Progress() {
    if (!thread.joinable())
      return;
    {
      std::lock_guard<std::mutex> lock(mutex);
      done = true;
    }
    wake.notify_all();
    thread.join();
  }
  double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

private:
  void run() {
    std::unique_lock<std::mutex> lock(mutex);
    while (!wake.wait_for(lock, std::chrono::seconds(1), [&] { return done; }))
      llvm::errs() << "\r" << what << ": " << llvm::format("%.0f s", seconds());
    if (seconds() >= 1)
      llvm::errs() << "\n";
  }

  std::string what;
  Clock::time_point start;
  std::mutex mutex;
  std::condition_variable wake;
  bool done = false;
  std::thread thread;
};

struct Run {
  std::vector<std::pair<std::string, Tensor>> outputs;
  std::vector<double> seconds;
  double loadSeconds = 0;
  capstan_rt_counters forward{}, total{};
  std::string file, entry, profile;
};
} // namespace

static llvm::Expected<Run> run(capstan_rt_device *device,
                               capstan_rt_stream *stream,
                               const std::string &path, const Inputs &inputs,
                               unsigned calls) {
  Run result;
  result.file = path;
  LoadOptions load;
  load.hostSyncPipeline = options->hostSyncPipeline;
  load.planMemory = options->planMemory;
  load.target = options->target;
  load.chip = options->chip;
  auto loaded = [&] {
    Progress progress("compiling " + path);
    auto program = Program::load(device, path, load);
    result.loadSeconds = progress.seconds();
    return program;
  }();
  if (!loaded)
    return loaded.takeError();
  auto entry = loaded->entry(options->entryName);
  if (!entry)
    return entry.takeError();
  result.entry = (*entry)->name;
  auto arguments = loaded->arguments(stream, **entry, inputs);
  if (!arguments)
    return arguments.takeError();
  std::vector<Tensor> outputs;
  for (unsigned i = 0; i < calls; ++i) {
    // The first loads code, and chooses algorithms.
    if (options->profile && i == 1)
      if (llvm::Error e = toError(capstan_rt_profile_start(device)))
        return e;
    Progress progress("running " + result.entry);
    auto out = loaded->call(stream, **entry, *arguments);
    result.seconds.push_back(progress.seconds());
    if (!out)
      return out.takeError();
    outputs = std::move(*out);
  }
  if (options->profile && calls > 1) {
    const char *table;
    if (llvm::Error e = toError(capstan_rt_profile_stop(device, &table)))
      return e;
    result.profile = table;
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    result.outputs.push_back({(*entry)->results[i].name, outputs[i]});
  result.forward.size = result.total.size = sizeof(capstan_rt_counters);
  if (llvm::Error e = toError(
          capstan_rt_module_last_forward(loaded->module(), &result.forward)))
    return e;
  if (llvm::Error e =
          toError(capstan_rt_module_counters(loaded->module(), &result.total)))
    return e;
  return result;
}

/// The most memory that this process has had, files mapped into it included.
static int64_t peakResidentBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t(usage.ru_maxrss) * 1024; // in KiB on Linux
}

static llvm::json::Object toJSON(const capstan_rt_counters &counters) {
  llvm::json::Object object;
#define CAPSTAN_RT_COUNTER(NAME, DESCRIPTION) object[#NAME] = counters.NAME;
#include "capstan_rt/counters.def"
  return object;
}

static llvm::json::Object toJSON(const Run &run) {
  return llvm::json::Object{{"file", run.file},
                            {"entry", run.entry},
                            {"load_seconds", run.loadSeconds},
                            {"seconds", llvm::json::Array(run.seconds)},
                            {"peak_resident_bytes", peakResidentBytes()},
                            {"forward", toJSON(run.forward)},
                            {"total", toJSON(run.total)}};
}

static llvm::Error writeStats(llvm::json::Object object) {
  std::error_code code;
  llvm::raw_fd_ostream os(options->stats, code);
  if (code)
    return error("can't write %s: %s", options->stats.c_str(),
                 code.message().c_str());
  os << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(object)));
  return llvm::Error::success();
}

static void printOutputs(const Run &run) {
  for (const auto &[name, tensor] : run.outputs) {
    llvm::outs() << name << ": " << describe(tensor.dtype, tensor.shape);
    if (options->print) {
      llvm::outs() << " =";
      for (int64_t i = 0, e = tensor.elements(); i < e; ++i)
        llvm::outs() << llvm::format(" %.9g", elementOf(tensor, i));
    }
    llvm::outs() << "\n";
  }
}

static void printSummary(const Run &run) {
  double best = *std::min_element(run.seconds.begin(), run.seconds.end());
  const capstan_rt_counters &c = run.forward;
  llvm::outs() << llvm::format("%s: %.3f ms", run.entry.c_str(), best * 1e3);
  if (run.seconds.size() > 1)
    llvm::outs() << " (best of " << run.seconds.size() << ")";
  llvm::outs() << "; host syncs: " << c.blocking_syncs << " blocking, "
               << c.overlapped_syncs << " overlapped; " << c.bytes_read_back
               << " bytes read back; " << c.launches << " launches, " << c.gemms
               << " matrix products\n";
}

/// Compares with the run of another module, or with a file.
static llvm::Expected<bool> compareOutputs(const Run &run,
                                           const Tensors &reference) {
  bool good = true;
  for (const auto &[name, tensor] : run.outputs) {
    auto it = reference.find(name);
    if (it == reference.end())
      return error("%s has no output '%s'", options->compareFile.c_str(),
                   name.c_str());
    auto difference = compare(name, tensor, it->second);
    if (!difference)
      return difference.takeError();
    llvm::outs() << name << ": ";
    if (difference->equal)
      llvm::outs() << "equal bit for bit\n";
    else
      llvm::outs() << llvm::format("relative error %.3g, largest %.3g\n",
                                   difference->norm, difference->largest);
    good &= options->tolerance.getNumOccurrences() == 0 || difference->equal ||
            (options->tolerance > 0 && difference->norm <= options->tolerance);
  }
  return good;
}

static llvm::Expected<int> work() {
  Inputs inputs;
  for (const std::string &spec : options->inputSpecs)
    if (llvm::Error e = inputs.add(spec))
      return e;
  for (const std::string &spec : options->shapeSpecs)
    if (llvm::Error e = inputs.addShape(spec))
      return e;
  if (options->repeat == 0)
    return error("--repeat: at least 1");
  if (options->profile && options->repeat < 2)
    return error("--profile: of the calls after the first; add --repeat");
  if (options->profile && !options->trace.empty())
    return error("--profile and --trace: one at a time");
  if (options->target != "host" && options->target != "cuda")
    return error("unknown target '%s'; there are: host, cuda",
                 options->target.c_str());

  capstan_rt_device_config config;
  capstan_rt_device_config_init(&config);
  config.threads = options->threads;
  config.delay_seed = options->seed;
  config.max_delay_us = options->maxDelay;
  config.poison_memory = options->poison;
  config.max_graphs = options->maxGraphs;
  config.max_graph_bytes = options->maxGraphBytes;
  capstan_rt_device *madeDevice = nullptr;
  if (llvm::Error e = toError(capstan_rt_device_create(options->target.c_str(),
                                                       &config, &madeDevice)))
    return e;
  std::unique_ptr<capstan_rt_device, Release> device(madeDevice);
  capstan_rt_stream *madeStream = nullptr;
  if (llvm::Error e =
          toError(capstan_rt_stream_create(device.get(), &madeStream)))
    return e;
  std::unique_ptr<capstan_rt_stream, Release> stream(madeStream);

  if (!options->trace.empty())
    if (llvm::Error e = toError(capstan_rt_trace_start(device.get())))
      return e;
  auto result =
      run(device.get(), stream.get(), options->file, inputs, options->repeat);
  if (!options->trace.empty())
    if (llvm::Error e = toError(
            capstan_rt_trace_stop(device.get(), options->trace.c_str())))
      return result ? std::move(e)
                    : llvm::joinErrors(result.takeError(), std::move(e));
  if (!result)
    return result.takeError();
  if (options->stats != "-") {
    printOutputs(*result);
    printSummary(*result);
    llvm::outs() << result->profile;
  }
  llvm::json::Object statistics = toJSON(*result);
  if (!options->outputFile.empty())
    if (llvm::Error e = writeNpz(options->outputFile, result->outputs))
      return e;
  Tensors reference;
  if (llvm::StringRef(options->compareFile).ends_with(".npz")) {
    auto expected = readNpz(options->compareFile);
    if (!expected)
      return expected.takeError();
    reference = std::move(*expected);
  } else if (!options->compareFile.empty()) {
    auto other =
        run(device.get(), stream.get(), options->compareFile, inputs, 1);
    if (!other)
      return other.takeError();
    for (auto &[name, tensor] : other->outputs)
      reference[name] = tensor;
    statistics["compared"] = toJSON(*other);
  }
  if (!options->stats.empty())
    if (llvm::Error e = writeStats(std::move(statistics)))
      return e;
  if (options->compareFile.empty())
    return 0;
  auto good = compareOutputs(*result, reference);
  if (!good)
    return good.takeError();
  return *good ? 0 : 1;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  capstan::OpModels::registerCLOptions();
  for (const char *name : {"profile", "stats", "threads", "trace"})
    if (auto it = cl::getRegisteredOptions().find(name);
        it != cl::getRegisteredOptions().end())
      it->second->removeArgument();
  Options parsed;
  options = &parsed;
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "runs an entry of a compiled module, or of IR, on the host or a GPU\n");
  auto status = work();
  if (status)
    return *status;
  llvm::errs() << "capstan-run: " << llvm::toString(status.takeError()) << "\n";
  return 1;
}
