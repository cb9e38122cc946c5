// RUN: capstan-opt %s -verify-diagnostics -split-input-file

// expected-error@+1 {{kind host_sync and key 'sync' need each other}}
capstan.foreign_op "a.b" {kind = host_sync}

// -----

// expected-error@+1 {{kind host_sync and key 'sync' need each other}}
capstan.foreign_op "a.b" {sync = {source = 0, conversion = "int"}}

// -----

// expected-error@+1 {{key 'sync' takes a dictionary}}
capstan.foreign_op "a.b" {kind = host_sync, sync = 0}

// -----

// expected-error@+1 {{key 'sync' needs an entry 'conversion'}}
capstan.foreign_op "a.b" {kind = host_sync, sync = {source = 0}}

// -----

// expected-error@+1 {{key 'sync' has no entry 'sources'}}
capstan.foreign_op "a.b" {kind = host_sync, sync = {sources = 0, conversion = "int"}}

// -----

// expected-error@+1 {{key 'source' takes an operand number}}
capstan.foreign_op "a.b" {kind = host_sync, sync = {source = "0", conversion = "int"}}

// -----

// expected-error@+1 {{key 'conversion' takes a string}}
capstan.foreign_op "a.b" {kind = host_sync, sync = {source = 0, conversion = 1}}

// -----

// expected-error@+1 {{key 'dynamic_size' takes no value}}
capstan.foreign_op "a.b" {kind = host_sync, sync = {source = 0, conversion = "int", dynamic_size = 1}}

// -----

// expected-error@+1 {{key 'when' needs an entry 'operand'}}
capstan.foreign_op "a.b" {kind = host_sync, sync = {source = 0, conversion = "int", when = {none}}}

// -----

// expected-error@+1 {{key 'when' needs one of 'device', 'none' and 'element'}}
capstan.foreign_op "a.b" {kind = host_sync, sync = {source = 0, conversion = "int", when = {operand = 0}}}

// -----

// expected-error@+1 {{kind loop and key 'loop' need each other}}
capstan.foreign_op "a.b" {kind = loop}

// -----

// expected-error@+1 {{key 'loop' needs an entry 'first_yield'}}
capstan.foreign_op "a.b" {kind = loop, loop = {first_init = 0, first_arg = 0}}

// -----

// expected-error@+1 {{key 'guard' has no entry 'if'}}
capstan.foreign_op "a.b" {kind = loop, loop = {first_init = 0, first_arg = 0, first_yield = 0, guard = {if = "a.if"}}}

// -----

// expected-error@+1 {{key 'bound_operands' takes a list of dictionaries}}
capstan.foreign_op "a.b" {bound_operands = 1}

// -----

// expected-error@+1 {{key 'bound_operands' takes a dictionary}}
capstan.foreign_op "a.b" {bound_operands = [1]}

// -----

// expected-error@+1 {{key 'bound_operands' needs an entry 'operand'}}
capstan.foreign_op "a.b" {bound_operands = [{at_most = {operand = 0, dim = 0}}]}

// -----

// expected-error@+1 {{key 'at_most' needs an entry 'dim'}}
capstan.foreign_op "a.b" {bound_operands = [{operand = 0, at_most = {operand = 0}}]}

// -----

// expected-error@+1 {{entry 'branch' has no dialect prefix}}
capstan.foreign_op "a.b" {kind = loop, loop = {first_init = 0, first_arg = 0, first_yield = 0, guard = {branch = "if"}}}

// -----

// expected-error@+1 {{entry 'device' of key 'when' takes "cpu"}}
capstan.foreign_op "a.b" {kind = host_sync, sync = {source = 0, conversion = "copy", when = {operand = 1, device = "cuda"}}}
