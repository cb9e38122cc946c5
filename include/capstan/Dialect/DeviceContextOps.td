//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_DEVICECONTEXTOPS
#define CAPSTAN_DEVICECONTEXTOPS

include "capstan/Dialect/CapstanDialect.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Capstan_DeviceContextOp<string mnemonic, list<Trait> traits = []>
    : Op<Capstan_Dialect, mnemonic, traits>;

def Capstan_CurrentDeviceResource
    : Resource<"::capstan::CurrentDeviceResource">;

def Capstan_SetDeviceOp : Capstan_DeviceContextOp<"set_device", [
    MemoryEffects<[MemWrite<Capstan_CurrentDeviceResource>]>]> {
  let summary = "makes a device the current one of the thread";
  let description = [{
    Devices count from 0. The forward fails if there is no such device; a forward
    that fails leaves the device current that was so when it began.

    ```mlir
    capstan.set_device %d
    ```
  }];
  let arguments = (ins Index:$device);
  let assemblyFormat = "$device attr-dict";
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}

def Capstan_CurrentDeviceOp : Capstan_DeviceContextOp<"current_device", [
    MemoryEffects<[MemRead<Capstan_CurrentDeviceResource>]>]> {
  let summary = "the current device of the thread";
  let description = [{
    At the start of a public function it is whatever the caller has made it.

    ```mlir
    %d = capstan.current_device
    ```
  }];
  let results = (outs Index:$device);
  let assemblyFormat = "attr-dict";
  let hasCanonicalizeMethod = 1;
}

def Capstan_WithDeviceOp : Capstan_DeviceContextOp<"with_device", [
    MemoryEffects<[MemWrite<Capstan_CurrentDeviceResource>]>,
    RecursiveMemoryEffects, SingleBlock,
    DeclareOpInterfaceMethods<RegionBranchOpInterface>]> {
  let summary = "runs its body under another current device";
  let description = [{
    Makes `device` the current one, runs the body, and makes the device current
    again that was so before, whatever the body did. `capstan.yield` gives the
    results. The forward fails if there is no such device.

    ```mlir
    %y = capstan.with_device %d -> tensor<4xf32> {
      %0 = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      capstan.yield %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Index:$device);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat =
      "$device (`->` type($results)^)? attr-dict-with-keyword $body";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizeMethod = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::mlir::Value":$device,
                                 "::mlir::TypeRange":$results)>];
}

// The values are those of CAPSTAN_RT_CAPABILITY_* in capstan_rt/capabilities.h.
def Capstan_Capability : I32EnumAttr<"Capability", "what a device can do", [
    I32EnumAttrCase<"Architecture", 0, "architecture">,
    I32EnumAttrCase<"Multiprocessors", 1, "multiprocessors">,
    I32EnumAttrCase<"SharedMemory", 2, "shared_memory">,
    I32EnumAttrCase<"Fp8GemmLayouts", 3, "fp8_gemm_layouts">,
    I32EnumAttrCase<"NvlinkPeers", 4, "nvlink_peers">]> {
  let cppNamespace = "::capstan";
}

def Capstan_DeviceCapabilityOp : Capstan_DeviceContextOp<"device_capability", [
    NoMemoryEffect]> {
  let summary = "asks what a device can do";
  let description = [{
    The answer is the same as long as the process lives. It depends on no
    current device. The forward fails if there is no such device, so that the
    operation is not speculatable.

    - `architecture`: ten times the major number and the minor one, 90 of sm_90;
    - `multiprocessors`: how many it has;
    - `shared_memory`: bytes that a block may have at most;
    - `fp8_gemm_layouts`: the layouts for which it multiplies FP8 matrices, a sum
      of 1 (`tn`), 2 (`nn`), 4 (`nt`) and 8 (`tt`);
    - `nvlink_peers`: how many other devices NVLink connects it with.

    ```mlir
    %arch = capstan.device_capability %d architecture
    ```
  }];
  let arguments = (ins Index:$device, Capstan_Capability:$name);
  let results = (outs I64:$result);
  let assemblyFormat = "$device $name attr-dict";
  let hasVerifier = 1;
}

#endif // CAPSTAN_DEVICECONTEXTOPS
