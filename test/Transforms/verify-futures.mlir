// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-verify-futures | FileCheck %s

// CHECK-LABEL: func.func @unwaited
func.func @unwaited(%m: tensor<i32>) {
  %f = capstan.fetch.start %m ["item"] : (tensor<i32>) -> !capstan.future<i32>
  return
}

// Each path waits once.
func.func @branches(%m: tensor<i32>, %c: i1, %i: index) {
  %f = capstan.fetch.start %m ["item"] : (tensor<i32>) -> !capstan.future<i32>
  scf.if %c {
    %a = capstan.fetch.wait %f : !capstan.future<i32> -> i32
  } else {
    scf.index_switch %i
    case 2 {
      %b = capstan.fetch.wait %f : !capstan.future<i32> -> i32
      scf.yield
    }
    default {
      scf.execute_region {
        %d = capstan.fetch.wait %f : !capstan.future<i32> -> i32
        scf.yield
      }
    }
  }
  return
}

func.func @foreign_branches(%m: !torch.vtensor<[],si32>, %c: !torch.bool) {
  %f = capstan.fetch.start %m ["int"] : (!torch.vtensor<[],si32>) -> !capstan.future<!torch.int>
  "torch.prim.If"(%c) ({
    %a = capstan.fetch.wait %f : !capstan.future<!torch.int> -> !torch.int
    "torch.prim.If.yield"() : () -> ()
  }, {
    %a = capstan.fetch.wait %f : !capstan.future<!torch.int> -> !torch.int
    "torch.prim.If.yield"() : () -> ()
  }) : (!torch.bool) -> ()
  return
}

// Started and waited for in each trip; in a graph of blocks, too.
func.func @loops(%m: tensor<i32>, %c: i1, %n: index) {
  %c1 = arith.constant 1 : index
  scf.for %i = %c1 to %n step %c1 {
    %f = capstan.fetch.start %m ["item"] : (tensor<i32>) -> !capstan.future<i32>
    scf.if %c {
      %a = capstan.fetch.wait %f : !capstan.future<i32> -> i32
    }
  }
  cf.br ^head
^head:
  %g = capstan.fetch.start %m ["item"] : (tensor<i32>) -> !capstan.future<i32>
  cf.cond_br %c, ^left, ^right
^left:
  %a = capstan.fetch.wait %g : !capstan.future<i32> -> i32
  cf.cond_br %c, ^head, ^exit
^right:
  %b = capstan.fetch.wait %g : !capstan.future<i32> -> i32
  cf.br ^head
^exit:
  return
}
