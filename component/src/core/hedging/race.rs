//! The race of a hedged read: two requests, of which the first answer that counts wins.

/// What to do after something happened in a race.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Wait for what is under way.
    Wait,
    /// Send to the alternate now.
    Launch,
    /// The primary's answer is the operation's. Cancel the alternate.
    PrimaryWins,
    /// The alternate's answer is the operation's. Cancel the primary.
    AlternateWins,
    /// Neither got an answer that counts: go on with the regions after these two.
    BothTransient,
    /// The time is up: the operation times out (408/20008), unless an answer that counts arrives before its deadline.
    Deadline,
}

/// How a race ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The primary answered, and the alternate was never asked.
    PrimaryWonPreThreshold,
    /// The time was up before the alternate was asked.
    DeadlineExceededPreThreshold,
    /// The primary answered after all.
    PrimaryWonAfterHedge,
    /// The alternate answered.
    AlternateWon,
    /// Both failed in a way that a third region may not.
    BothTransient,
    /// The time was up while a request was under way with both asked.
    CancelledAwaitingPartner,
}

impl Ending {
    /// Its name in diagnostics.
    pub fn name(self) -> &'static str {
        match self {
            Self::PrimaryWonPreThreshold => "primary_won_pre_threshold",
            Self::DeadlineExceededPreThreshold => "deadline_exceeded_pre_threshold",
            Self::PrimaryWonAfterHedge => "primary_won_after_hedge",
            Self::AlternateWon => "alternate_won",
            Self::BothTransient => "both_transient",
            Self::CancelledAwaitingPartner => "cancelled_awaiting_partner",
        }
    }
}

/// A race of two requests, told what happens in the order in which it happens. It begins with the primary under way.
#[derive(Debug)]
pub struct Race {
    primary: Leg,
    alternate: Leg,
    /// Whether the harvest has begun.
    closing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leg {
    Absent,
    Running,
    Transient,
    Won,
}

impl Default for Race {
    fn default() -> Self {
        Self {
            primary: Leg::Running,
            alternate: Leg::Absent,
            closing: false,
        }
    }
}

impl Race {
    /// The primary answered or failed; see [`is_final`](super::is_final). If it failed early, the alternate need not wait
    /// for the threshold.
    pub fn on_primary(&mut self, is_final: bool) -> Step {
        if self.primary == Leg::Running && self.alternate != Leg::Won {
            self.primary = outcome(is_final);
            if self.primary == Leg::Transient {
                return self.launch();
            }
        }
        self.step()
    }

    /// The alternate answered or failed; see [`is_final_from_alternate`](super::is_final_from_alternate).
    pub fn on_alternate(&mut self, is_final: bool) -> Step {
        if self.alternate == Leg::Running && self.primary != Leg::Won {
            self.alternate = outcome(is_final);
        }
        self.step()
    }

    /// The plan's threshold has passed.
    pub fn on_threshold(&mut self) -> Step {
        if self.primary == Leg::Running {
            return self.launch();
        }
        self.step()
    }

    /// The plan's harvest begins: nothing is sent any more. What still arrives before the deadline may be told, and may
    /// win.
    pub fn on_deadline(&mut self) -> Step {
        self.closing = true;
        match self.step() {
            Step::Wait => Step::Deadline,
            over => over,
        }
    }

    /// How the race ended, if it is over now.
    pub fn ending(&self) -> Ending {
        match (self.primary, self.alternate) {
            (Leg::Won, Leg::Absent) => Ending::PrimaryWonPreThreshold,
            (Leg::Won, _) => Ending::PrimaryWonAfterHedge,
            (_, Leg::Won) => Ending::AlternateWon,
            (Leg::Transient, Leg::Transient) => Ending::BothTransient,
            (_, Leg::Absent) => Ending::DeadlineExceededPreThreshold,
            _ => Ending::CancelledAwaitingPartner,
        }
    }

    fn launch(&mut self) -> Step {
        if self.alternate != Leg::Absent || self.closing {
            return self.step();
        }
        self.alternate = Leg::Running;
        Step::Launch
    }

    fn step(&self) -> Step {
        match (self.primary, self.alternate) {
            (Leg::Won, _) => Step::PrimaryWins,
            (_, Leg::Won) => Step::AlternateWins,
            (Leg::Transient, Leg::Transient) => Step::BothTransient,
            // Only in the harvest: before, the alternate would have been launched.
            (Leg::Transient, Leg::Absent) => Step::Deadline,
            _ => Step::Wait,
        }
    }
}

fn outcome(is_final: bool) -> Leg {
    if is_final { Leg::Won } else { Leg::Transient }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something that happens in a race.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        Primary(bool),
        Alternate(bool),
        Threshold,
        Deadline,
    }

    fn run(race: &mut Race, event: Event) -> Step {
        match event {
            Event::Primary(is_final) => race.on_primary(is_final),
            Event::Alternate(is_final) => race.on_alternate(is_final),
            Event::Threshold => race.on_threshold(),
            Event::Deadline => race.on_deadline(),
        }
    }

    #[test]
    fn races_and_their_endings() {
        use Event::{Alternate, Deadline, Primary, Threshold};
        use Step::{AlternateWins, BothTransient, Launch, PrimaryWins, Wait};
        let (won, lost) = (true, false);
        let races: &[(&[(Event, Step)], Ending)] = &[
            (
                &[(Primary(won), PrimaryWins)],
                Ending::PrimaryWonPreThreshold,
            ),
            (
                &[(Deadline, Step::Deadline)],
                Ending::DeadlineExceededPreThreshold,
            ),
            (
                &[(Threshold, Launch), (Primary(won), PrimaryWins)],
                Ending::PrimaryWonAfterHedge,
            ),
            (
                &[
                    (Threshold, Launch),
                    (Alternate(lost), Wait),
                    (Primary(won), PrimaryWins),
                ],
                Ending::PrimaryWonAfterHedge,
            ),
            (
                &[(Threshold, Launch), (Alternate(won), AlternateWins)],
                Ending::AlternateWon,
            ),
            // A failure before the threshold: the alternate is asked at once, and the threshold means nothing any more.
            (
                &[
                    (Primary(lost), Launch),
                    (Threshold, Wait),
                    (Alternate(won), AlternateWins),
                ],
                Ending::AlternateWon,
            ),
            (
                &[
                    (Threshold, Launch),
                    (Primary(lost), Wait),
                    (Alternate(won), AlternateWins),
                ],
                Ending::AlternateWon,
            ),
            (
                &[
                    (Threshold, Launch),
                    (Primary(lost), Wait),
                    (Alternate(lost), BothTransient),
                ],
                Ending::BothTransient,
            ),
            (
                &[
                    (Threshold, Launch),
                    (Alternate(lost), Wait),
                    (Primary(lost), BothTransient),
                ],
                Ending::BothTransient,
            ),
            (
                &[
                    (Primary(lost), Launch),
                    (Alternate(lost), BothTransient),
                    (Deadline, BothTransient),
                ],
                Ending::BothTransient,
            ),
            (
                &[
                    (Threshold, Launch),
                    (Primary(lost), Wait),
                    (Deadline, Step::Deadline),
                ],
                Ending::CancelledAwaitingPartner,
            ),
            (
                &[
                    (Threshold, Launch),
                    (Alternate(lost), Wait),
                    (Deadline, Step::Deadline),
                ],
                Ending::CancelledAwaitingPartner,
            ),
            (
                &[(Threshold, Launch), (Deadline, Step::Deadline)],
                Ending::CancelledAwaitingPartner,
            ),
            // The harvest: nothing is launched, but what arrives counts.
            (
                &[
                    (Deadline, Step::Deadline),
                    (Threshold, Wait),
                    (Primary(won), PrimaryWins),
                ],
                Ending::PrimaryWonPreThreshold,
            ),
            (
                &[(Deadline, Step::Deadline), (Primary(lost), Step::Deadline)],
                Ending::DeadlineExceededPreThreshold,
            ),
            (
                &[
                    (Threshold, Launch),
                    (Deadline, Step::Deadline),
                    (Alternate(won), AlternateWins),
                ],
                Ending::AlternateWon,
            ),
            // After the end nothing changes.
            (
                &[
                    (Primary(won), PrimaryWins),
                    (Threshold, PrimaryWins),
                    (Deadline, PrimaryWins),
                ],
                Ending::PrimaryWonPreThreshold,
            ),
            (
                &[
                    (Threshold, Launch),
                    (Alternate(won), AlternateWins),
                    (Primary(won), AlternateWins),
                ],
                Ending::AlternateWon,
            ),
            (
                &[
                    (Threshold, Launch),
                    (Primary(won), PrimaryWins),
                    (Alternate(won), PrimaryWins),
                ],
                Ending::PrimaryWonAfterHedge,
            ),
            // An alternate that was never asked cannot answer.
            (
                &[(Alternate(won), Wait), (Primary(won), PrimaryWins)],
                Ending::PrimaryWonPreThreshold,
            ),
        ];
        for (events, ending) in races {
            let mut race = Race::default();
            for (event, step) in *events {
                assert_eq!(run(&mut race, *event), *step, "{event:?} of {events:?}");
            }
            assert_eq!(race.ending(), *ending, "{events:?}");
        }
    }

    #[test]
    fn endings_have_names() {
        for (ending, name) in [
            (Ending::PrimaryWonPreThreshold, "primary_won_pre_threshold"),
            (
                Ending::DeadlineExceededPreThreshold,
                "deadline_exceeded_pre_threshold",
            ),
            (Ending::PrimaryWonAfterHedge, "primary_won_after_hedge"),
            (Ending::AlternateWon, "alternate_won"),
            (Ending::BothTransient, "both_transient"),
            (
                Ending::CancelledAwaitingPartner,
                "cancelled_awaiting_partner",
            ),
        ] {
            assert_eq!(ending.name(), name);
        }
    }
}
