// RUN: capstan-opt %s --allow-unregistered-dialect --split-input-file --verify-diagnostics \
// RUN:   --capstan-verify-futures

func.func @twice(%m: tensor<i32>) {
  %f = capstan.fetch.start %m ["item"] : (tensor<i32>) -> !capstan.future<i32>
  // expected-note@+1 {{also waited for here}}
  %a = capstan.fetch.wait %f : !capstan.future<i32> -> i32
  // expected-error@+1 {{future may be waited for more than once}}
  %b = capstan.fetch.wait %f : !capstan.future<i32> -> i32
  return
}

// -----

func.func @twice_on_one_side(%m: tensor<i32>, %c: i1) {
  %f = capstan.fetch.start %m ["item"] : (tensor<i32>) -> !capstan.future<i32>
  scf.if %c {
    // expected-note@+1 {{also waited for here}}
    %a = capstan.fetch.wait %f : !capstan.future<i32> -> i32
  }
  // expected-error@+1 {{future may be waited for more than once}}
  %b = capstan.fetch.wait %f : !capstan.future<i32> -> i32
  return
}

// -----

func.func @blocks(%m: tensor<i32>, %c: i1) {
  %f = capstan.fetch.start %m ["item"] : (tensor<i32>) -> !capstan.future<i32>
  cf.cond_br %c, ^left, ^right
^left:
  // expected-note@+1 {{also waited for here}}
  %a = capstan.fetch.wait %f : !capstan.future<i32> -> i32
  cf.br ^right
^right:
  // expected-error@+1 {{future may be waited for more than once}}
  %b = capstan.fetch.wait %f : !capstan.future<i32> -> i32
  return
}

// -----

func.func @loop(%m: tensor<i32>, %n: index) {
  %c1 = arith.constant 1 : index
  // expected-note@+1 {{started here}}
  %f = capstan.fetch.start %m ["item"] : (tensor<i32>) -> !capstan.future<i32>
  scf.for %i = %c1 to %n step %c1 {
    // expected-error@+1 {{future is waited for in a loop that it was started outside of}}
    %a = capstan.fetch.wait %f : !capstan.future<i32> -> i32
  }
  return
}

// -----

func.func @block_loop(%m: tensor<i32>, %c: i1) {
  // expected-note@+1 {{started here}}
  %f = capstan.fetch.start %m ["item"] : (tensor<i32>) -> !capstan.future<i32>
  cf.br ^head
^head:
  // expected-error@+1 {{future is waited for in a loop that it was started outside of}}
  %a = capstan.fetch.wait %f : !capstan.future<i32> -> i32
  cf.cond_br %c, ^head, ^exit
^exit:
  return
}

// -----

// expected-error@+1 {{future in the signature of a function}}
func.func @returned(%m: tensor<i32>) -> !capstan.future<i32> {
  // expected-note@+1 {{started here}}
  %f = capstan.fetch.start %m ["item"] : (tensor<i32>) -> !capstan.future<i32>
  // expected-error@+1 {{future is used by an operation other than capstan.fetch.wait}}
  return %f : !capstan.future<i32>
}

// -----

func.func @carried(%m: tensor<i32>, %n: index) {
  %c1 = arith.constant 1 : index
  // expected-note@+1 {{started here}}
  %f = capstan.fetch.start %m ["item"] : (tensor<i32>) -> !capstan.future<i32>
  // expected-error@+2 {{future is used by an operation other than capstan.fetch.wait}}
  // expected-error@+1 {{future is the result of an operation other than capstan.fetch.start}}
  %r = scf.for %i = %c1 to %n step %c1 iter_args(%g = %f) -> !capstan.future<i32> {
    scf.yield %g : !capstan.future<i32>
  }
  return
}

// -----

// expected-error@+1 {{future is an argument of a block}}
func.func @passed_on(%m: tensor<i32>) {
  // expected-note@+1 {{started here}}
  %f = capstan.fetch.start %m ["item"] : (tensor<i32>) -> !capstan.future<i32>
  // expected-error@+1 {{future is used by an operation other than capstan.fetch.wait}}
  cf.br ^next(%f : !capstan.future<i32>)
^next(%g: !capstan.future<i32>):
  return
}

// -----

func.func private @use(i32)
// expected-error@+1 {{future in the signature of a function}}
func.func private @callee(!capstan.future<i32>)
