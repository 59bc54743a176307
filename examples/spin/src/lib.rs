//! Shopping carts in Azure Cosmos DB, behind a small JSON API: an app for [Spin](https://spinframework.dev), or for any other
//! host of WASI 0.3 with Spin's variables and key-value stores.
//!
//! | Request | Answer |
//! |---|---|
//! | `GET /carts/{user}` | 200 with the lines, for example `{"apples":2}`, and an `etag`; 304 if `if-none-match` has it; 404 |
//! | `PUT /carts/{user}` | 201 or 200: the cart has these lines; with `if-match` only if nobody else has changed it, else 412 |
//! | `PATCH /carts/{user}` | 200: sets the quantities of up to ten lines, null takes a line out; `if-match` as above; 404 |
//! | `DELETE /carts/{user}` | 204; `if-match` as above; 404 |
//!
//! Carts are items of the container `carts` in the database `shop`, whose partition key is `/id`.
#![cfg_attr(
    not(target_family = "wasm"),
    allow(
        dead_code,
        reason = "natively only what decides is built, for its tests"
    )
)]

mod cart;

#[cfg(target_family = "wasm")]
mod answer;
#[cfg(target_family = "wasm")]
mod api;
#[cfg(target_family = "wasm")]
mod driver;
