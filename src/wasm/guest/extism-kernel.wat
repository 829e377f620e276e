;; Extism's memory of blocks, in which a plugin finds its input and leaves its output. It is a module of its
;; own so that a plugin reads eight bytes in nanoseconds and not by a call to JavaScript. The memory comes from
;; the host and has a maximum. `bun tools/generate.ts` translates this file.
;;
;; A block has 16 bytes before its address: length, capacity, state, next free block.
(module
  (import "host" "memory" (memory 1))
  (import "host" "exhausted" (func $exhausted))

  (global $BASE i32 (i32.const 16))
  (global $USED i32 (i32.const 0x45584b31))
  (global $FREE i32 (i32.const 0x45584b30))
  (global $top (mut i32) (i32.const 16))
  (global $free (mut i32) (i32.const 0))
  (global $in (mut i32) (i32.const 0))
  (global $in_length (mut i32) (i32.const 0))
  (global $out (mut i32) (i32.const 0))
  (global $out_length (mut i32) (i32.const 0))
  (global $error (mut i32) (i32.const 0))

  (func (export "reset")
    (global.set $top (global.get $BASE))
    (global.set $free (i32.const 0))
    (global.set $in (i32.const 0))
    (global.set $in_length (i32.const 0))
    (global.set $out (i32.const 0))
    (global.set $out_length (i32.const 0))
    (global.set $error (i32.const 0)))

  ;; First fit among the last freed blocks, else behind the last block. 0 for no bytes, as Extism does.
  (func $alloc (export "alloc") (param $length i64) (result i64)
    (local $capacity i32) (local $at i32) (local $before i32) (local $steps i32) (local $end i64)
    (if (i64.eqz (local.get $length)) (then (return (i64.const 0))))
    (if (i64.gt_u (local.get $length) (i64.const 0x7fffffff)) (then (call $exhausted) (unreachable)))
    (local.set $capacity
      (i32.and (i32.add (i32.wrap_i64 (local.get $length)) (i32.const 7)) (i32.const -8)))
    (local.set $at (global.get $free))
    (block $none
      (loop $next
        (br_if $none (i32.eqz (local.get $at)))
        (br_if $none (i32.ge_u (local.get $steps) (i32.const 32)))
        (if (i32.ge_u (i32.load (i32.sub (local.get $at) (i32.const 12))) (local.get $capacity))
          (then
            (if (i32.eqz (local.get $before))
              (then (global.set $free (i32.load (i32.sub (local.get $at) (i32.const 4)))))
              (else
                (i32.store (i32.sub (local.get $before) (i32.const 4))
                  (i32.load (i32.sub (local.get $at) (i32.const 4))))))
            (i32.store (i32.sub (local.get $at) (i32.const 16)) (i32.wrap_i64 (local.get $length)))
            (i32.store (i32.sub (local.get $at) (i32.const 8)) (global.get $USED))
            (return (i64.extend_i32_u (local.get $at)))))
        (local.set $before (local.get $at))
        (local.set $at (i32.load (i32.sub (local.get $at) (i32.const 4))))
        (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
        (br $next)))
    (local.set $end
      (i64.add (i64.extend_i32_u (global.get $top))
        (i64.add (i64.const 16) (i64.extend_i32_u (local.get $capacity)))))
    (if (i64.gt_u (local.get $end) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
      (then
        (if (i32.eq (i32.const -1)
              (memory.grow
                (i32.wrap_i64
                  (i64.shr_u
                    (i64.add
                      (i64.sub (local.get $end) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
                      (i64.const 65535))
                    (i64.const 16)))))
          (then (call $exhausted) (unreachable)))))
    (local.set $at (i32.add (global.get $top) (i32.const 16)))
    (i32.store (global.get $top) (i32.wrap_i64 (local.get $length)))
    (i32.store offset=4 (global.get $top) (local.get $capacity))
    (i32.store offset=8 (global.get $top) (global.get $USED))
    (i32.store offset=12 (global.get $top) (i32.const 0))
    (global.set $top (i32.wrap_i64 (local.get $end)))
    (i64.extend_i32_u (local.get $at)))

  ;; 1 when a block in use begins at the address.
  (func $is_block (param $at i64) (result i32)
    (if (i64.lt_u (local.get $at) (i64.const 32)) (then (return (i32.const 0))))
    (if (i64.ge_u (local.get $at) (i64.extend_i32_u (global.get $top))) (then (return (i32.const 0))))
    (if (i64.ne (i64.and (local.get $at) (i64.const 7)) (i64.const 0)) (then (return (i32.const 0))))
    (i32.eq (i32.load (i32.sub (i32.wrap_i64 (local.get $at)) (i32.const 8))) (global.get $USED)))

  (func (export "free") (param $at i64)
    (local $block i32)
    (if (i32.eqz (call $is_block (local.get $at))) (then (return)))
    (local.set $block (i32.wrap_i64 (local.get $at)))
    (i32.store (i32.sub (local.get $block) (i32.const 8)) (global.get $FREE))
    (i32.store (i32.sub (local.get $block) (i32.const 4)) (global.get $free))
    (global.set $free (local.get $block)))

  (func $length (export "length") (param $at i64) (result i64)
    (if (i32.eqz (call $is_block (local.get $at))) (then (return (i64.const 0))))
    (i64.extend_i32_u (i32.load (i32.sub (i32.wrap_i64 (local.get $at)) (i32.const 16)))))
  (export "length_unsafe" (func $length))

  ;; 1 when so many bytes from the address on are inside of the blocks.
  (func $is_inside (param $at i64) (param $length i64) (result i32)
    (i32.and
      (i64.ge_u (local.get $at) (i64.extend_i32_u (global.get $BASE)))
      (i32.and
        (i64.le_u (local.get $length) (i64.extend_i32_u (global.get $top)))
        (i64.le_u (local.get $at) (i64.sub (i64.extend_i32_u (global.get $top)) (local.get $length))))))

  ;; Outside of the blocks there is 0 to read, and nothing to write, as in Extism.
  (func (export "load_u8") (param $at i64) (result i32)
    (if (i32.eqz (call $is_inside (local.get $at) (i64.const 1))) (then (return (i32.const 0))))
    (i32.load8_u (i32.wrap_i64 (local.get $at))))
  (func (export "load_u64") (param $at i64) (result i64)
    (if (i32.eqz (call $is_inside (local.get $at) (i64.const 8))) (then (return (i64.const 0))))
    (i64.load (i32.wrap_i64 (local.get $at))))
  (func (export "store_u8") (param $at i64) (param $value i32)
    (if (i32.eqz (call $is_inside (local.get $at) (i64.const 1))) (then (return)))
    (i32.store8 (i32.wrap_i64 (local.get $at)) (local.get $value)))
  (func (export "store_u64") (param $at i64) (param $value i64)
    (if (i32.eqz (call $is_inside (local.get $at) (i64.const 8))) (then (return)))
    (i64.store (i32.wrap_i64 (local.get $at)) (local.get $value)))

  (func (export "input_set") (param $at i64) (param $length i64)
    (global.set $in (i32.wrap_i64 (local.get $at)))
    (global.set $in_length (i32.wrap_i64 (local.get $length))))
  (func (export "input_offset") (result i64) (i64.extend_i32_u (global.get $in)))
  (func (export "input_length") (result i64) (i64.extend_i32_u (global.get $in_length)))
  (func (export "input_load_u8") (param $at i64) (result i32)
    (if (i64.ge_u (local.get $at) (i64.extend_i32_u (global.get $in_length))) (then (return (i32.const 0))))
    (i32.load8_u (i32.add (global.get $in) (i32.wrap_i64 (local.get $at)))))
  (func (export "input_load_u64") (param $at i64) (result i64)
    (if (i64.lt_u (i64.extend_i32_u (global.get $in_length)) (i64.const 8)) (then (return (i64.const 0))))
    (if (i64.gt_u (local.get $at)
          (i64.sub (i64.extend_i32_u (global.get $in_length)) (i64.const 8)))
      (then (return (i64.const 0))))
    (i64.load (i32.add (global.get $in) (i32.wrap_i64 (local.get $at)))))

  ;; An output that is not inside of the blocks is a fault that nobody would find otherwise.
  (func (export "output_set") (param $at i64) (param $length i64)
    (if (i64.eqz (local.get $length))
      (then (global.set $out (i32.const 0)) (global.set $out_length (i32.const 0)) (return)))
    (if (i32.eqz (call $is_inside (local.get $at) (local.get $length))) (then (unreachable)))
    (global.set $out (i32.wrap_i64 (local.get $at)))
    (global.set $out_length (i32.wrap_i64 (local.get $length))))
  (func (export "output_offset") (result i64) (i64.extend_i32_u (global.get $out)))
  (func (export "output_length") (result i64) (i64.extend_i32_u (global.get $out_length)))

  (func (export "error_set") (param $at i64)
    (global.set $error
      (select (i32.wrap_i64 (local.get $at)) (i32.const 0) (call $is_block (local.get $at)))))
  (func (export "error_get") (result i64) (i64.extend_i32_u (global.get $error))))
