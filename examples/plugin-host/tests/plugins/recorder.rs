//! Linear memories that can be looked at from outside, whoever they belong to.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use wasmtime::{Config, LinearMemory, MemoryCreator, MemoryType};

type Bytes = Arc<[AtomicU8]>;

/// Every linear memory that an engine ever made, as it was when it was last used. Where a memory grew, the place that it
/// left is one of its own.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Bytes>>>);

impl Recorder {
    /// An engine's configuration with these memories: anywhere, without address space kept free for them.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new();
        config
            .with_host_memory(Arc::new(self.clone()))
            .memory_reservation(0)
            .memory_reservation_for_growth(0)
            .memory_guard_size(0)
            .guard_before_linear_memory(false)
            .memory_init_cow(false);
        config
    }

    /// How many of the memories hold these bytes. Call it while no guest runs.
    pub(crate) fn holding(&self, needle: &[u8]) -> usize {
        let contents = self.contents();
        let holds = |bytes: &Vec<u8>| bytes.windows(needle.len()).any(|window| window == needle);
        contents.iter().filter(|bytes| holds(bytes)).count()
    }

    pub(crate) fn memories(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn contents(&self) -> Vec<Vec<u8>> {
        let memories = self.0.lock().unwrap();
        let content = |bytes: &Bytes| {
            bytes
                .iter()
                .map(|byte| byte.load(Ordering::Relaxed))
                .collect()
        };
        memories.iter().map(content).collect()
    }

    fn allocate(&self, bytes: usize) -> Bytes {
        let bytes: Bytes = (0..bytes).map(|_| AtomicU8::new(0)).collect();
        self.0.lock().unwrap().push(bytes.clone());
        bytes
    }
}

// SAFETY: what `new_memory` makes keeps the promises of `LinearMemory`; it has no guard pages, and the configuration asks
// for none.
#[allow(unsafe_code)]
unsafe impl MemoryCreator for Recorder {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        assert_eq!(guard, 0, "none was asked for");
        Ok(Box::new(Recorded {
            recorder: self.clone(),
            bytes: self.allocate(minimum.max(reserved.unwrap_or(0))),
            size: minimum,
        }))
    }
}

struct Recorded {
    recorder: Recorder,
    bytes: Bytes,
    size: usize,
}

// SAFETY: the bytes are zero at first, lie still until `grow_to` replaces them, and live as long as this. They are
// atomic, so that they may be written through the pointer while others hold them.
#[allow(unsafe_code)]
unsafe impl LinearMemory for Recorded {
    fn byte_size(&self) -> usize {
        self.size
    }

    fn byte_capacity(&self) -> usize {
        self.bytes.len()
    }

    fn grow_to(&mut self, size: usize) -> wasmtime::Result<()> {
        if size > self.bytes.len() {
            let larger = self.recorder.allocate(size);
            for (new, old) in larger.iter().zip(self.bytes.iter()) {
                new.store(old.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            self.bytes = larger;
        }
        self.size = size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.bytes.as_ptr().cast::<u8>().cast_mut()
    }
}
