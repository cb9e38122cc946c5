// RUN: capstan-opt %s -verify-diagnostics -split-input-file

// expected-error@+1 {{name a has no dialect prefix}}
capstan.foreign_type "a" {kind = tensor}

// -----

// expected-error@+1 {{needs key 'kind'}}
capstan.foreign_type "a.t"

// -----

// expected-error@+1 {{kind must be one of tensor, memory, host, list}}
capstan.foreign_type "a.t" {kind = scalar}

// -----

// expected-error@+1 {{unknown key 'total'}}
capstan.foreign_type "a.t" {kind = tensor, total}

// -----

// expected-error@+1 {{key 'default' takes a dictionary}}
capstan.foreign_type "a.t" {kind = host, default = 0}

// -----

// expected-error@+1 {{key 'default' needs an entry 'op'}}
capstan.foreign_type "a.t" {kind = host, default = {attrs = {}}}

// -----

// expected-error@+1 {{key 'default' has no entry 'value'}}
capstan.foreign_type "a.t" {kind = host, default = {op = "a.c", value = 0}}

// -----

// expected-error@+1 {{key 'op' takes a string}}
capstan.foreign_type "a.t" {kind = host, default = {op = 1}}

// -----

// expected-error@+1 {{entry 'attrs' takes a dictionary}}
capstan.foreign_type "a.t" {kind = host, default = {op = "a.c", attrs = 1}}

// -----

func.func @nested() {
  // expected-error@+1 {{may stand only directly in a module}}
  capstan.foreign_type "a.t" {kind = tensor}
  return
}
