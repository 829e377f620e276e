/** Module names of the two interfaces that a plugin may import from. */
export const EXTISM_MODULE = "extism:host/env";
export const WASI_MODULE = "wasi_snapshot_preview1";

/** Functions of Extism that our own kernel module has: what reads and writes blocks. */
export const KERNEL_FUNCTIONS = [
  "alloc",
  "free",
  "length",
  "length_unsafe",
  "load_u8",
  "load_u64",
  "store_u8",
  "store_u64",
  "input_length",
  "input_offset",
  "input_load_u8",
  "input_load_u64",
  "output_set",
  "output_length",
  "output_offset",
  "error_set",
  "error_get",
] as const;

/** Functions of Extism that are calls to the host. */
export const HOST_FUNCTIONS = [
  "config_get",
  "var_get",
  "var_set",
  "log_trace",
  "log_debug",
  "log_info",
  "log_warn",
  "log_error",
  "get_log_level",
  "http_request",
  "http_status_code",
  "http_headers",
] as const;

/** WASI preview 1, witx/wasi_snapshot_preview1.witx. */
export const WASI_FUNCTIONS = [
  "args_get",
  "args_sizes_get",
  "environ_get",
  "environ_sizes_get",
  "clock_res_get",
  "clock_time_get",
  "fd_advise",
  "fd_allocate",
  "fd_close",
  "fd_datasync",
  "fd_fdstat_get",
  "fd_fdstat_set_flags",
  "fd_fdstat_set_rights",
  "fd_filestat_get",
  "fd_filestat_set_size",
  "fd_filestat_set_times",
  "fd_pread",
  "fd_prestat_get",
  "fd_prestat_dir_name",
  "fd_pwrite",
  "fd_read",
  "fd_readdir",
  "fd_renumber",
  "fd_seek",
  "fd_sync",
  "fd_tell",
  "fd_write",
  "path_create_directory",
  "path_filestat_get",
  "path_filestat_set_times",
  "path_link",
  "path_open",
  "path_readlink",
  "path_remove_directory",
  "path_rename",
  "path_symlink",
  "path_unlink_file",
  "poll_oneoff",
  "proc_exit",
  "proc_raise",
  "sched_yield",
  "random_get",
  "sock_accept",
  "sock_recv",
  "sock_send",
  "sock_shutdown",
] as const;

export type KernelFunction = (typeof KERNEL_FUNCTIONS)[number];
export type HostFunction = (typeof HOST_FUNCTIONS)[number];
export type WasiFunction = (typeof WASI_FUNCTIONS)[number];

const ALLOWED: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [EXTISM_MODULE, new Set<string>([...KERNEL_FUNCTIONS, ...HOST_FUNCTIONS])],
  [WASI_MODULE, new Set<string>(WASI_FUNCTIONS)],
]);

export function isAllowedImport(module: string, name: string): boolean {
  return ALLOWED.get(module)?.has(name) === true;
}
