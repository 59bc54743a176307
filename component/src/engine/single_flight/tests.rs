use std::cell::Cell as Count;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use super::*;
use crate::core::Error;

type Gate = Rc<RefCell<Option<Result<Rc<u32>>>>>;

/// An empty cell, a shut gate, and no fetch begun.
fn nothing_yet() -> (SingleFlight<u32>, Gate, Rc<Count<u32>>) {
    (SingleFlight::default(), Gate::default(), Rc::default())
}

/// A fetch that counts its beginnings and ends when the gate holds a result.
fn fetch(gate: &Gate, begun: &Rc<Count<u32>>) -> LocalBoxFuture<'static, Result<Rc<u32>>> {
    begun.update(|count| count.saturating_add(1));
    let gate = Rc::clone(gate);
    std::future::poll_fn(move |_| {
        gate.borrow().as_ref().map_or(Poll::Pending, |landed| {
            Poll::Ready(match landed {
                Ok(value) => Ok(Rc::clone(value)),
                Err(error) => Err(error.for_another()),
            })
        })
    })
    .boxed_local()
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn many_ask_and_one_fetches() {
    let (cell, gate, begun) = nothing_yet();
    let mut first = pin!(cell.get(None, || fetch(&gate, &begun)));
    let mut second = pin!(cell.get(None, || fetch(&gate, &begun)));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    gate.replace(Some(Ok(Rc::new(7))));
    // Only the one who began drives it.
    assert!(poll(second.as_mut()).is_pending());
    assert!(matches!(poll(first), Poll::Ready(Ok(value)) if *value == 7));
    assert!(matches!(poll(second), Poll::Ready(Ok(value)) if *value == 7));
    assert_eq!(begun.get(), 1);
    assert_eq!(cell.ready().as_deref(), Some(&7));
}

#[test]
fn the_fetch_goes_on_when_the_first_caller_goes_away() {
    let (cell, gate, begun) = nothing_yet();
    let mut first = Box::pin(cell.get(None, || fetch(&gate, &begun)));
    let mut second = pin!(cell.get(None, || fetch(&gate, &begun)));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    drop(first);
    gate.replace(Some(Ok(Rc::new(7))));
    assert!(matches!(poll(second), Poll::Ready(Ok(_))));
    assert_eq!(begun.get(), 1);
}

#[test]
fn when_all_go_away_the_next_one_begins_anew() {
    let (cell, gate, begun) = nothing_yet();
    let mut first = Box::pin(cell.get(None, || fetch(&gate, &begun)));
    assert!(poll(first.as_mut()).is_pending());
    drop(first);
    gate.replace(Some(Ok(Rc::new(7))));
    assert!(matches!(
        poll(pin!(cell.get(None, || fetch(&gate, &begun)))),
        Poll::Ready(Ok(_))
    ));
    assert_eq!(begun.get(), 2);
}

#[test]
fn all_who_wait_get_the_error_and_it_is_not_kept() {
    let (cell, gate, begun) = nothing_yet();
    let mut first = pin!(cell.get(None, || fetch(&gate, &begun)));
    let mut second = pin!(cell.get(None, || fetch(&gate, &begun)));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    gate.replace(Some(Err(Error::invalid("no"))));
    assert!(matches!(poll(first), Poll::Ready(Err(_))));
    assert!(matches!(poll(second), Poll::Ready(Err(_))));
    gate.replace(Some(Ok(Rc::new(7))));
    assert!(matches!(
        poll(pin!(cell.get(None, || fetch(&gate, &begun)))),
        Poll::Ready(Ok(_))
    ));
    assert_eq!(begun.get(), 2);
}

#[test]
fn an_outdated_value_serves_until_the_new_one_is_there() {
    let (cell, gate, begun) = nothing_yet();
    gate.replace(Some(Ok(Rc::new(7))));
    let Poll::Ready(Ok(old)) = poll(pin!(cell.get(None, || fetch(&gate, &begun)))) else {
        panic!("the gate is open");
    };
    gate.replace(None);
    let mut first = pin!(cell.get(Some(&old), || fetch(&gate, &begun)));
    let mut second = pin!(cell.get(Some(&old), || fetch(&gate, &begun)));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    assert_eq!(cell.ready().as_deref(), Some(&7));
    gate.replace(Some(Ok(Rc::new(8))));
    assert!(matches!(poll(first), Poll::Ready(Ok(value)) if *value == 8));
    assert!(matches!(poll(second), Poll::Ready(Ok(value)) if *value == 8));
    // Who still holds the old one gets what is there by now.
    let late = poll(pin!(cell.get(Some(&old), || fetch(&gate, &begun))));
    assert!(matches!(late, Poll::Ready(Ok(value)) if *value == 8));
    assert_eq!(begun.get(), 2);

    let now = cell.ready().unwrap();
    gate.replace(Some(Err(Error::invalid("no"))));
    assert!(matches!(
        poll(pin!(cell.get(Some(&now), || fetch(&gate, &begun)))),
        Poll::Ready(Err(_))
    ));
    assert_eq!(cell.ready().as_deref(), Some(&8));
}
