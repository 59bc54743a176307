//! One suite of cases for every host of the component.
//!
//! The cases are data (`cases/*.json`): steps such as `{"do": "read", "id": "1", "key": ["a"]}`, with what is expected
//! of the answer and of the requests that the server saw. A host takes part through an [`Agent`], which does a step by
//! the means of its host and says what came of it; nothing else is written for it. Agents outside of this process speak
//! lines of JSON over their standard input and output.
//!
//! | `do` | further properties of the step | properties of `ok` in the answer |
//! |---|---|---|
//! | `open` | `endpoint`, `key` | |
//! | `create-database`, `delete-database` | `database` | `status` |
//! | `create-container`, `delete-container` | `paths` | `status` |
//! | `create`, `upsert` | `key`, `item`, `ifMatch` | `status`, `body`, `etag`, `charge`, `requests` |
//! | `read`, `replace`, `delete` | `id`, and as above, `ifNoneMatch` | the same |
//! | `patch` | `id`, `key`, `operations`, `condition` | the same |
//! | `batch`, `bulk` | `key`, `actions` (in a bulk each with its `key`) | the same and `results` |
//! | `query` | `text`, `parameters`, `key`, and as all feeds `pageSize`, `pages`, `continuation` | `rows`, `sizes`, `continuation`, `charge` |
//! | `read-feed`, `change-feed`, `read-many` | `key`; `items` and `inOrder` | the same |
//! | `snapshot`, `restore` | `snapshot` in base64 | `snapshot`; `refused` |
//! | `close` | | |
//!
//! All take `database`, `container` and `options` too. An operation that fails answers with `error` instead of `ok`: `kind`,
//! `status`, `subStatus`, `retryable`, `outcome`, `failedOperation`.

mod agent;
mod case;
mod expect;
mod process;
mod servers;
mod wasmtime;

pub use agent::Agent;
pub use case::{Case, cases};
pub use process::Process;
pub use servers::Servers;
pub use wasmtime::Wasmtime;
