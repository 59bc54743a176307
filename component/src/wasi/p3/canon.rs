//! The functions of the canonical ABI that [`task`](super::task) is made of, and the one import that it waits for itself.
#![allow(unsafe_code)] // the component's imports

#[link(wasm_import_module = "$root")]
unsafe extern "C" {
    #[link_name = "[context-get-0]"]
    pub(super) fn context() -> *const ();
    #[link_name = "[context-set-0]"]
    pub(super) fn set_context(task: *const ());
    #[link_name = "[waitable-set-new]"]
    pub(super) fn new_set() -> u32;
    #[link_name = "[waitable-join]"]
    pub(super) fn join(waitable: u32, set: u32);
    #[link_name = "[subtask-cancel]"]
    pub(super) fn cancel_subtask(subtask: u32) -> u32;
    #[link_name = "[subtask-drop]"]
    pub(super) fn drop_subtask(subtask: u32);
    #[link_name = "[stream-new-unit]"]
    pub(super) fn new_bell() -> u64;
    #[link_name = "[async-lower][stream-read-unit]"]
    pub(super) fn listen(reader: u32, values: *mut u8, count: usize) -> u32;
    #[link_name = "[stream-cancel-read-unit]"]
    pub(super) fn stop_listening(reader: u32) -> u32;
    #[link_name = "[async-lower][stream-write-unit]"]
    pub(super) fn ring_bell(writer: u32, values: *const u8, count: usize) -> u32;
    #[link_name = "[stream-drop-readable-unit]"]
    pub(super) fn drop_reader(reader: u32);
    #[link_name = "[stream-drop-writable-unit]"]
    pub(super) fn drop_writer(writer: u32);
}

#[link(wasm_import_module = "[export]$root")]
unsafe extern "C" {
    #[link_name = "[task-cancel]"]
    pub(super) fn cancelled();
}

#[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.3.0")]
unsafe extern "C" {
    #[link_name = "[async-lower]wait-until"]
    pub(super) fn wait_until(at: u64) -> u32;
}
