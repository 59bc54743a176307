//! Bodies.

use wasip3::http::types::{ErrorCode, Fields, Response, Trailers};
use wasip3::wit_bindgen::{FutureReader, StreamReader};
use wasip3::{wit_future, wit_stream};

/// A body that was not read yet, and what follows it.
pub struct Body {
    pub(crate) bytes: StreamReader<u8>,
    pub(crate) trailers: FutureReader<Result<Option<Trailers>, ErrorCode>>,
}

impl Body {
    /// That of a response.
    pub fn of(response: Response) -> Self {
        let (_, done) = wit_future::new(|| Ok(()));
        let (bytes, trailers) = Response::consume_body(response, done);
        Self { bytes, trailers }
    }

    /// A body from memory. It is written while somebody reads it, after the call if need be.
    pub fn new(bytes: Vec<u8>) -> Self {
        let (mut writer, reader) = wit_stream::new();
        let (_, trailers) = wit_future::new(|| Ok(None));
        if !bytes.is_empty() {
            // Who stops reading has enough.
            wasip3::spawn(async move { drop(writer.write_all(bytes).await) });
        }
        Self {
            bytes: reader,
            trailers,
        }
    }

    /// Reads it to its end; trailers are dropped. Errors: it broke off.
    pub async fn read(self) -> Result<Vec<u8>, ErrorCode> {
        let bytes = self.bytes.collect().await;
        self.trailers.await.map(|_| bytes)
    }
}

/// An answer that the network did not give. Errors: a header or the status is none.
pub fn answer(
    status: u16,
    headers: &[(String, Vec<u8>)],
    body: Vec<u8>,
) -> Result<Response, ErrorCode> {
    let invalid = |()| ErrorCode::InternalError(Some("the answer is no HTTP".to_owned()));
    let headers = Fields::from_list(headers).map_err(|_| invalid(()))?;
    let Body { bytes, trailers } = Body::new(body);
    let (response, _) = Response::new(headers, Some(bytes), trailers);
    response.set_status_code(status).map_err(invalid)?;
    Ok(response)
}
