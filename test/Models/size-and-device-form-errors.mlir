// RUN: capstan-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{key 'size' takes a dictionary}}
capstan.foreign_type "test.tensor" {kind = tensor, size = "test.size"}

// -----

// expected-error@+1 {{key 'size' needs an entry 'dim'}}
capstan.foreign_type "test.tensor" {kind = tensor, size = {op = "test.size", type = "test.int"}}

// -----

// expected-error@+1 {{key 'size' has no entry 'ops'}}
capstan.foreign_type "test.tensor"
    {kind = tensor, size = {ops = "test.size", dim = "test.constant", type = "test.int"}}

// -----

// expected-error@+1 {{key 'dim' takes a string}}
capstan.foreign_type "test.tensor"
    {kind = tensor, size = {op = "test.size", dim = 0, type = "test.int"}}

// -----

// expected-error@+1 {{entry 'type' has no dialect prefix}}
capstan.foreign_type "test.tensor"
    {kind = tensor, size = {op = "test.size", dim = "test.constant", type = "int"}}

// -----

// expected-error@+1 {{key 'device_form' needs an entry 'type'}}
capstan.foreign_op "test.ge" {deterministic, device_form = {op = "test.tensor_ge"}}

// -----

// expected-error@+1 {{key 'device_form' takes a dictionary}}
capstan.foreign_op "test.ge" {deterministic, device_form = "test.tensor_ge"}

// -----

capstan.foreign_op "test.ge"
    {deterministic, device_form = {op = "test.tensor_ge", type = "test.tensor<[],i1>"}}
capstan.foreign_type "test.tensor"
    {kind = tensor, size = {op = "test.size", dim = "test.constant", type = "test.int"}}
