package wca

import (
	"encoding/binary"
	"unsafe"
)

// What Extism offers to a guest: blocks of memory of the host's, by offset.

//go:wasmimport extism:host/env input_length
func inputLength() uint64

//go:wasmimport extism:host/env input_load_u8
func inputLoadU8(offset uint64) uint32

//go:wasmimport extism:host/env input_load_u64
func inputLoadU64(offset uint64) uint64

//go:wasmimport extism:host/env alloc
func alloc(length uint64) uint64

//go:wasmimport extism:host/env free
func free(offset uint64)

//go:wasmimport extism:host/env length
func length(offset uint64) uint64

//go:wasmimport extism:host/env load_u8
func loadU8(offset uint64) uint32

//go:wasmimport extism:host/env store_u8
func storeU8(offset uint64, value uint32)

//go:wasmimport extism:host/env store_u64
func storeU64(offset uint64, value uint64)

//go:wasmimport extism:host/env output_set
func outputSet(offset uint64, length uint64)

//go:wasmimport extism:host/env error_set
func errorSet(offset uint64)

//go:wasmimport extism:host/env config_get
func configGet(name uint64) uint64

//go:wasmimport extism:host/env log_info
func logInfo(offset uint64)

//go:wasmimport extism:host/env log_warn
func logWarn(offset uint64)

//go:wasmimport extism:host/env log_error
func logError(offset uint64)

//go:wasmexport describe
func exportDescribe() int32 { return answer(served.describe()) }

//go:wasmexport init
func exportInit() int32 { return answer(served.init(input())) }

//go:wasmexport detect
func exportDetect() int32 { return answer(served.detect(input())) }

func answer(output []byte, err error) int32 {
	if err != nil {
		errorSet(block([]byte(err.Error())))
		return 1
	}
	outputSet(block(output), uint64(len(output)))
	return 0
}

// Option is an option as the agent has it in Extism's config: text as is, everything else as JSON.
func Option(name string) (string, bool) {
	asked := block([]byte(name))
	defer free(asked)
	found := configGet(asked)
	if found == 0 {
		return "", false
	}
	text := make([]byte, length(found))
	for i := range text {
		text[i] = byte(loadU8(found + uint64(i)))
	}
	return string(text), true
}

// Info, Warn and Error write a line to the agent's log, with the name of the plugin.
func Info(text string)  { log(text, logInfo) }
func Warn(text string)  { log(text, logWarn) }
func Error(text string) { log(text, logError) }

func log(text string, write func(uint64)) {
	line := block([]byte(text))
	write(line)
	free(line)
}

func input() []byte {
	size := inputLength()
	bytes := make([]byte, size)
	at := uint64(0)
	for ; at+8 <= size; at += 8 {
		*(*uint64)(unsafe.Pointer(&bytes[at])) = inputLoadU64(at)
	}
	for ; at < size; at++ {
		bytes[at] = byte(inputLoadU8(at))
	}
	return bytes
}

// A block of the host's memory with these bytes.
func block(bytes []byte) uint64 {
	if len(bytes) == 0 {
		return 0
	}
	offset := alloc(uint64(len(bytes)))
	at := 0
	for ; at+8 <= len(bytes); at += 8 {
		storeU64(offset+uint64(at), binary.LittleEndian.Uint64(bytes[at:]))
	}
	for ; at < len(bytes); at++ {
		storeU8(offset+uint64(at), uint32(bytes[at]))
	}
	return offset
}
