//! Requests.

use driver_guest::types::{
    ContainerRef, DeleteItem, ItemRef, KeyComponent, Operation, PatchItem, PatchOperation,
    PatchValue, Precondition, ReadItem, ReplaceItem, Response, WriteItem,
};
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, Method, StatusCode};
use spin_sdk::http::Request;
use spin_sdk::http::body::IncomingBodyExt as _;
use spin_sdk::http_service;

use crate::answer::{Answer, done, failure, refusal};
use crate::cart::{self, Change};
use crate::driver;

#[http_service]
async fn handle(request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let Some(user) = cart::user(parts.uri.path()) else {
        return refusal(StatusCode::NOT_FOUND, "carts are at /carts/{user}");
    };
    let Ok(body) = body.bytes().await else {
        return refusal(StatusCode::BAD_REQUEST, "the body broke off");
    };
    let operation = match parts.method {
        Method::GET => Some(read(user, &parts.headers)),
        Method::PUT => put(user, &parts.headers, &body),
        Method::PATCH => patch(user, &parts.headers, &body),
        Method::DELETE => Some(delete(user, &parts.headers)),
        _ => return refusal(StatusCode::METHOD_NOT_ALLOWED, "GET, PUT, PATCH or DELETE"),
    };
    let Some(operation) = operation else {
        let message = "the body is an object of quantities, like {\"apples\":2}";
        return refusal(StatusCode::BAD_REQUEST, message);
    };
    match driver::execute(operation).await {
        None => refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the app is not configured",
        ),
        Some(Err(error)) => failure(&error),
        Some(Ok(response)) => answer(response),
    }
}

fn answer(response: Response) -> Answer {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let shown = cart::shown(&response.body).unwrap_or_default();
    done(status, response.headers.etag, shown)
}

fn read(user: &str, headers: &HeaderMap) -> Operation {
    Operation::ReadItem(ReadItem {
        item: item(user),
        precondition: etag(headers, IF_NONE_MATCH).map(Precondition::IfNoneMatch),
        session_token: None,
    })
}

/// With an etag it is the cart that the user has seen, otherwise any or none.
fn put(user: &str, headers: &HeaderMap, body: &[u8]) -> Option<Operation> {
    let body = cart::whole(user, body)?;
    let precondition = unchanged(headers);
    Some(if precondition.is_some() {
        Operation::ReplaceItem(ReplaceItem {
            item: item(user),
            body,
            precondition,
            session_token: None,
        })
    } else {
        Operation::UpsertItem(WriteItem {
            container: container(),
            key: key(user),
            body,
            precondition,
            session_token: None,
        })
    })
}

fn patch(user: &str, headers: &HeaderMap, body: &[u8]) -> Option<Operation> {
    let change = |Change { path, quantity }| match quantity {
        Some(quantity) => PatchOperation::Set(PatchValue {
            path,
            value: quantity.into_bytes(),
        }),
        None => PatchOperation::Remove(path),
    };
    Some(Operation::PatchItem(PatchItem {
        item: item(user),
        operations: cart::changes(body)?.into_iter().map(change).collect(),
        read_modify_write: false,
        condition: None,
        precondition: unchanged(headers),
        session_token: None,
    }))
}

fn delete(user: &str, headers: &HeaderMap) -> Operation {
    Operation::DeleteItem(DeleteItem {
        item: item(user),
        precondition: unchanged(headers),
        session_token: None,
    })
}

fn unchanged(headers: &HeaderMap) -> Option<Precondition> {
    etag(headers, IF_MATCH).map(Precondition::IfMatch)
}

fn etag(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn item(user: &str) -> ItemRef {
    ItemRef {
        container: container(),
        id: user.to_owned(),
        key: key(user),
    }
}

fn container() -> ContainerRef {
    ContainerRef {
        database: "shop".to_owned(),
        container: "carts".to_owned(),
    }
}

fn key(user: &str) -> Vec<KeyComponent> {
    vec![KeyComponent::Text(user.to_owned())]
}
