capstan.foreign_type "mine.tensor" {kind = tensor}
capstan.foreign_type "mine.int" {kind = host}
capstan.foreign_op "mine.max" {deterministic, total}
capstan.foreign_op "mine.read" {kind = host_sync, deterministic, sync = {source = 0, conversion = "item"}}
