//! Options of a host.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::{Observer, Paths, Proxy, Signer};

/// How a [`Host`](crate::Host) runs the component and reaches the network.
///
/// ```
/// use cosmosdb_driver_host::Options;
///
/// let options = Options { metered: true, ..Options::default() };
/// # drop(options);
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the compiled component is kept. Default: the directory of the component's file; nowhere if it was
    /// loaded from bytes. What older versions left there is not removed.
    ///
    /// What lies there is native code that is run without a sandbox. Use only a directory that nobody but this
    /// process's user can write to. On Unix, a directory whose mode lets its group or everybody write (or cannot
    /// be read) is not used, neither to load nor to keep: the component is compiled each time. Who owns it and the
    /// directories above it is not checked.
    pub cache_dir: Option<PathBuf>,
    /// Counts what the guest executes, in wasmtime's fuel (about one per instruction), for
    /// `Client::fuel_consumed`. Costs 2 to 5 % of speed. Default: false.
    pub metered: bool,
    /// The most linear memory that one instance may use, in bytes. One that needs more traps. An instance needs
    /// a few times the size of the bodies that are under way in it. Default: 256 MiB.
    pub max_memory: usize,
    /// Room for this many instances is reserved at once (address space, not memory), which makes a new instance
    /// cheap (microseconds); more than these fail to open, with
    /// [`Error::Overloaded`](crate::Error::Overloaded). Default: none, every instance allocates its own.
    pub pooled_instances: Option<u32>,
    /// The most instances that may live at one time, of all clients of the host together; one more fails with
    /// [`Error::Overloaded`](crate::Error::Overloaded). Default: as many as there is memory for.
    pub max_instances: Option<u32>,
    /// Origins that may be reached besides those of the account, like `https://proxy.example:8443`. Without a
    /// scheme, `https` is meant.
    ///
    /// A client may always reach its endpoint and the backups of it
    /// ([`Config::backup_endpoint`](crate::Config::backup_endpoint)) and, if the endpoint is `{account}.documents.*`, the
    /// account's regional endpoints `{account}-{region}.documents.*`. Everything else is refused before any network access.
    pub allow: Vec<String>,
    /// The requests that may leave, by method and path. Default: none, all may.
    pub paths: Option<Paths>,
    /// Certificate authorities that are trusted besides the public ones (Mozilla's list), each in PEM (any number
    /// in one text) or DER. For emulators and private proxies.
    pub ca_roots: Vec<Vec<u8>>,
    /// Whether the public certificate authorities are trusted too; without them only `ca_roots` are. Default: true.
    pub public_roots: bool,
    /// A proxy for connections to `https` origins. Default: none, whatever the environment says; see
    /// [`Proxy::from_environment`].
    pub proxy: Option<Proxy>,
    /// How long a connection may take, name lookup and TLS included. A shorter one that the guest asks for goes
    /// first; so it does for the other two. Default: 5 s.
    pub connect_timeout: Duration,
    /// How long the head of the response may take once there is a connection, the upload included. Default: 65 s.
    pub first_byte_timeout: Duration,
    /// How long the response's body may be silent. Default: 65 s.
    pub between_bytes_timeout: Duration,
    /// Signs requests outside of the guest; use it with [`Credential::host`](crate::Credential::host).
    /// Default: none.
    pub signer: Option<Arc<dyn Signer>>,
    /// Hears of every operation. Default: none, and nothing is measured.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_dir: None,
            metered: false,
            max_memory: 256 << 20,
            pooled_instances: None,
            max_instances: None,
            allow: Vec::new(),
            paths: None,
            ca_roots: Vec::new(),
            public_roots: true,
            proxy: None,
            connect_timeout: Duration::from_secs(5),
            first_byte_timeout: Duration::from_secs(65),
            between_bytes_timeout: Duration::from_secs(65),
            signer: None,
            observer: None,
        }
    }
}
