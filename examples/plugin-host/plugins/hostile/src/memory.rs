//! A look at everything that this plugin can see.

/// Tells how often a text lies in this plugin's memory. The text is given backwards, so that the question is no find.
#[cfg(target_family = "wasm")]
pub(crate) fn search(how: &str) -> Result<String, String> {
    let backwards = how.as_bytes();
    let bytes = core::arch::wasm32::memory_size::<0>().saturating_mul(65_536);
    let last = bytes.saturating_sub(backwards.len());
    let is_at = |start: usize| {
        (start..)
            .zip(backwards.iter().rev())
            .all(|(address, &byte)| byte_at(address) == byte)
    };
    let found = (1..=last).filter(|&start| is_at(start)).count();
    Ok(found.to_string())
}

/// Whatever lies there: no object that this program knows of.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code)]
fn byte_at(address: usize) -> u8 {
    // SAFETY: the address is inside of the linear memory, as the caller checks, and reading any byte of that does nothing
    // else. It is volatile so that the compiler draws no conclusions.
    unsafe { core::ptr::with_exposed_provenance::<u8>(address).read_volatile() }
}

/// There is no such memory outside of WebAssembly.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn search(_how: &str) -> Result<String, String> {
    Err("only a component has a linear memory".to_owned())
}
