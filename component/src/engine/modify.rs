//! A patch by read-modify-write: from one of its requests to the next.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::World;
use super::driver::Planned;
use super::state::State;
use super::transport::Answer;
use crate::core::allowance::{Allowance, Verdict};
use crate::core::clock::Nanos;
use crate::core::diagnostics::Recorder;
use crate::core::error::ErrorKind;
use crate::core::modify::Modify;
use crate::core::options::Resolved;
use crate::core::request::Request;
use crate::core::{Error, Operation, Result, explain};

/// A patch on its way, and what all of its requests share.
pub(super) struct Modifying {
    policy: Box<Modify>,
    options: Rc<Resolved>,
    allowance: Allowance,
}

impl Modifying {
    pub(super) fn new(
        operation: Operation,
        options: &Rc<Resolved>,
        deadline: Option<Nanos>,
    ) -> Result<Self> {
        Ok(Self {
            policy: Modify::new(operation, options.content_response_on_write)?,
            options: Rc::clone(options),
            allowance: Allowance {
                ru: options.ru_budget,
                deadline,
            },
        })
    }

    /// The first request.
    pub(super) fn read(&mut self) -> Result<Request> {
        self.policy.read()
    }
}

impl<W: World> State<W> {
    /// The next request, ready to run; or how the patch ended.
    #[cold]
    pub(super) fn go_on(
        self: &Rc<Self>,
        patch: &mut Modifying,
        result: Result<Answer>,
        recorder: &Recorder,
    ) -> ControlFlow<Result<Answer>, Planned<W>> {
        let (policy, options) = (&mut patch.policy, &patch.options);
        let (request, so_far) = match result {
            Ok(answer) if policy.is_reading() => {
                let request = policy.replace(&answer.body, &answer.headers);
                let so_far = Error::new(
                    ErrorKind::Service,
                    "patch_read_item: the item was read, and not changed yet.",
                );
                (request, so_far)
            }
            Ok(answer) => return ControlFlow::Break(Ok(answer)),
            Err(error) => {
                let so_far = error.for_another();
                (policy.again(error, recorder.may_have_applied()), so_far)
            }
        };
        let request = match request {
            Ok(request) => request,
            Err(error) => return ControlFlow::Break(Err(error)),
        };
        let spent = recorder.request_charge();
        let error = match patch.allowance.may_start(spent, recorder.now()) {
            Verdict::Go => {
                let deadline = patch.allowance.deadline;
                return ControlFlow::Continue(
                    self.planned(request, options, recorder, deadline, true),
                );
            }
            Verdict::DeadlinePassed => {
                explain::out_of_time("patch_item", options.end_to_end_timeout, so_far)
            }
            Verdict::RuSpent => explain::ru_budget_spent("patch_item", so_far),
        };
        ControlFlow::Break(Err(error))
    }
}
