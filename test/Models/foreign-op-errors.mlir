// RUN: capstan-opt %s -verify-diagnostics -split-input-file

// expected-error@+1 {{name a has no dialect prefix}}
capstan.foreign_op "a" {total}

// -----

// expected-error@+1 {{names no operation}}
"capstan.foreign_op"() <{names = [], spec = {}}> : () -> ()

// -----

// expected-error@+1 {{key 'total' given twice}}
capstan.foreign_op "a.b" {total, total}

// -----

// expected-error@+1 {{unknown key 'totall'}}
capstan.foreign_op "a.b" {totall}

// -----

// expected-error@+1 {{key 'total' takes no value}}
capstan.foreign_op "a.b" {total = 1}

// -----

// expected-error@+1 {{kind must be one of compute, constant, host_sync, check, loop, branch, yield, barrier}}
capstan.foreign_op "a.b" {kind = sync}

// -----

// expected-error@+1 {{key 'reads' takes a list of numbers}}
capstan.foreign_op "a.b" {reads = [-1]}

// -----

// expected-error@+1 {{key 'device_operand' takes an operand number}}
capstan.foreign_op "a.b" {device_operand = "x"}

// -----

// expected-error@+1 {{key 'match' takes a dictionary}}
capstan.foreign_op "a.b" {match = "x"}

// -----

// expected-error@+1 {{key 'aliases' takes "all" or a list of pairs [result, operand]}}
capstan.foreign_op "a.b" {aliases = [[0, 0], [1]]}

// -----

// expected-error@+1 {{key 'device' takes "cpu"}}
capstan.foreign_op "a.b" {device = "cuda"}

// -----

// expected-error@+1 {{key 'named_by' takes a string}}
capstan.foreign_op "a.b" {named_by}

// -----

// expected-error@+1 {{key 'fold' takes a string}}
capstan.foreign_op "a.b" {fold = 1}

// -----

// expected-error@+1 {{fold "lt(0)" is not one that exists}}
capstan.foreign_op "a.b" {fold = "lt(0)"}

// -----

// expected-error@+1 {{fold "sin(0)" is not one that exists}}
capstan.foreign_op "a.b" {fold = "sin(0)"}

// -----

// expected-error@+1 {{kinds check and branch, and only they, need key 'condition'}}
capstan.foreign_op "a.b" {kind = branch}

// -----

// expected-error@+1 {{key 'device_context' has no entry 'sets'}}
capstan.foreign_op "func.call" {device_context = {sets = 0}}

// -----

// expected-error@+1 {{a random op is not deterministic}}
capstan.foreign_op "a.b" {random, deterministic}

// -----

// expected-error@+1 {{an op with undefined contents is not deterministic}}
capstan.foreign_op "a.b" {undefined, deterministic}

// -----

func.func @nested() {
  // expected-error@+1 {{may stand only directly in a module}}
  capstan.foreign_op "a.b" {total}
  return
}

// -----

// expected-error@+1 {{fold "same(-1)" is not one that exists}}
capstan.foreign_op "a.b" {fold = "same(-1)"}
