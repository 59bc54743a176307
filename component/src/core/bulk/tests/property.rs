//! Random inputs against a service that does everything services do. Virtual time only; a seed replays exactly.

use super::*;
use crate::core::ids::IdSource;
use crate::wire::batch::named;

const CASES: u64 = 3000;

/// More steps than any case needs: beyond it something turns in circles.
const MAX_STEPS: usize = 100_000;

struct Dice(IdSource);

impl Dice {
    fn below(&self, bound: u64) -> u64 {
        self.0.next_random() % bound
    }

    fn percent(&self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// What the service knows of an input.
#[derive(Default)]
struct Truth {
    write: bool,
    repeatable: bool,
    /// How often it was carried out.
    applied: u32,
    /// Whether the client could not tell at least once.
    unclear: bool,
}

/// What reaches the bulk at a later time.
enum Event {
    Results(BatchId, Option<Vec<OperationResult>>),
    Failed(BatchId, Box<Error>),
    Ranges(Result<Rc<RangeMap>>),
}

struct Scene {
    dice: Dice,
    bulk: Bulk,
    settings: Settings,
    truths: Vec<Truth>,
    /// The bounds of the physical partitions, and their ids.
    bounds: Vec<u8>,
    ids: Vec<(String, String)>,
    events: Vec<(Nanos, Event)>,
    now: Nanos,
    trouble: u64,
    log: Vec<String>,
}

fn map(bounds: &[u8], ids: &[(String, String)]) -> Rc<RangeMap> {
    let mut texts: Vec<String> = bounds.iter().map(|bound| format!("{bound:02X}")).collect();
    texts[0] = String::new();
    texts.push("FF".to_owned());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let ids: Vec<(&str, &str)> = ids
        .iter()
        .map(|(id, parents)| (id.as_str(), parents.as_str()))
        .collect();
    ranges(&texts, &ids)
}

impl Scene {
    fn new(seed: u64) -> Self {
        let dice = Dice(IdSource::new((seed, !seed)));
        let (bounds, ids) = (vec![0], vec![("0".to_owned(), String::new())]);
        let settings = Settings {
            retry_ambiguous_writes: dice.percent(80),
            max_operations: 1 + dice.below(9) as usize,
            max_batch_bytes: 150 + dice.below(2000) as usize,
            max_batches: 1 + dice.below(5) as u32,
            ..Settings::default()
        };
        let mut scene = Self {
            bulk: Bulk::new(settings.clone(), map(&bounds, &ids)),
            settings,
            truths: Vec::new(),
            bounds,
            ids,
            events: Vec::new(),
            now: 0,
            trouble: dice.below(30),
            log: Vec::new(),
            dice,
        };
        for _ in 0..scene.dice.below(3) {
            scene.split();
        }
        scene.bulk = Bulk::new(scene.settings.clone(), map(&scene.bounds, &scene.ids));
        scene
    }

    /// One partition becomes two.
    fn split(&mut self) {
        let at = 1 + self.dice.below(0xFE) as u8;
        let Err(place) = self.bounds.binary_search(&at) else {
            return;
        };
        let (parent, ancestors) = self.ids[place - 1].clone();
        let lineage = format!("{ancestors} {parent}");
        let child = |side: char| (format!("{parent}{side}"), lineage.clone());
        self.bounds.insert(place, at);
        self.ids[place - 1] = child('l');
        self.ids.insert(place, child('r'));
    }

    fn input(&mut self, index: usize) -> Input {
        let point = format!("{:02X}", self.dice.below(0xFF));
        let id = index.to_string();
        let (action, write, repeatable) = match self.dice.below(4) {
            0 => (Action::Read(id), false, true),
            1 | 2 => {
                let item = format!("{{\"id\":\"{id}\"}}").into_bytes();
                (
                    Action::Create(item),
                    true,
                    self.settings.retry_ambiguous_writes,
                )
            }
            _ => match increment(&point).operation.action {
                Action::Patch(_, steps, _) => (Action::Patch(id, steps, None), true, false),
                other => panic!("{}", other.kind()),
            },
        };
        self.truths.push(Truth {
            write,
            repeatable,
            ..Truth::default()
        });
        super::action(&point, action)
    }

    /// What the service makes of one operation.
    fn carry_out(&mut self, index: usize) -> OperationResult {
        let trouble = self.trouble;
        let ill = self.dice.percent(trouble);
        let kind = if ill { self.dice.below(10) } else { 99 };
        let unclear = matches!(kind, 0..=2);
        // Where the client cannot tell, either is true.
        let applies = !ill || (unclear && self.dice.percent(50));
        let truth = &mut self.truths[index];
        truth.unclear |= unclear;
        let exists = truth.repeatable && truth.applied > 0;
        if applies && truth.write && !exists {
            truth.applied += 1;
        }
        match kind {
            0 => result(500),
            1 => result(408),
            2 => with_sub(413, 3402),
            3 | 4 => OperationResult {
                retry_after_ms: Some(self.dice.below(3000)),
                ..with_sub(429, 3200)
            },
            5 => result(449),
            6 => result(503),
            7 => with_sub(410, 1002),
            8 => with_sub(410, 1000),
            9 => result(403),
            _ if !truth.write => result(200),
            _ if exists => result(409),
            _ => result(201),
        }
    }

    fn send(&mut self, batch: &Batch) {
        let indexes: Vec<usize> = (0..batch.operations)
            .map(|at| named(&batch.body, at).id.unwrap().parse().unwrap())
            .collect();
        self.check(batch, &indexes);
        let known = self.ids.iter().any(|(id, _)| *id == *batch.range);
        let event = if known {
            self.answer(batch, &indexes)
        } else {
            // Split since.
            Event::Results(batch.id, Some(vec![with_sub(410, 1002); indexes.len()]))
        };
        self.later(event);
    }

    fn check(&self, batch: &Batch, indexes: &[usize]) {
        let settings = &self.settings;
        assert!((1..=settings.max_operations).contains(&batch.operations));
        assert!(batch.operations == 1 || batch.body.len() <= settings.max_batch_bytes);
        assert!(named(&batch.body, batch.operations).id.is_none());
        assert!(self.bulk.flights.len() <= settings.max_batches as usize);
        if let Some(range) = self.bulk.ranges.by_id(&batch.range) {
            for index in indexes {
                let point = &self.bulk.items[*index].point;
                assert!(range.min <= *point && *point < range.max);
            }
        }
        let truths = || indexes.iter().map(|index| &self.truths[*index]);
        assert_eq!(
            batch.class == Class::Read,
            truths().all(|truth| !truth.write)
        );
        for truth in truths() {
            let twice = truth.write && truth.unclear && !truth.repeatable;
            assert!(!twice, "sent again although it may have been carried out");
        }
    }

    fn answer(&mut self, batch: &Batch, indexes: &[usize]) -> Event {
        let trouble = self.trouble;
        let kind = if self.dice.percent(trouble) {
            self.dice.below(7)
        } else {
            99
        };
        let failed = |status: Option<u16>, unclear: bool| {
            let mut error = Error::new(ErrorKind::Unavailable, "refused");
            (error.status, error.retryable) = (status, status != Some(403));
            if unclear && batch.class != Class::Read {
                error.outcome = Effect::Unknown;
            }
            Event::Failed(batch.id, error)
        };
        match kind {
            0 => failed(Some(429), false),
            1 => failed(Some(503), false),
            2 => failed(Some(413), false),
            3 => failed(Some(403), false),
            4..=6 => {
                // The answer is lost, and half of the time the request with it.
                let arrives = self.dice.percent(50);
                for index in indexes {
                    if arrives {
                        self.carry_out(*index);
                    }
                    self.truths[*index].unclear = true;
                }
                match kind {
                    4 => failed(None, true),
                    5 => failed(Some(500), true),
                    _ => Event::Results(batch.id, None),
                }
            }
            _ => {
                let results = indexes.iter().map(|index| self.carry_out(*index));
                Event::Results(batch.id, Some(results.collect()))
            }
        }
    }

    fn later(&mut self, event: Event) {
        let at = self.now + self.dice.below(400) * MILLI;
        self.events.push((at, event));
    }

    /// Goes to the next event, or to that instant if it is earlier. Whether there was either.
    fn pass(&mut self, until: Option<Nanos>) -> bool {
        let next = self
            .events
            .iter()
            .enumerate()
            .min_by_key(|(_, (at, _))| *at);
        let Some((place, at)) = next.map(|(place, (at, _))| (place, *at)) else {
            self.now = until.unwrap_or(self.now);
            return until.is_some();
        };
        if let Some(until) = until.filter(|until| *until < at) {
            self.now = until;
            return true;
        }
        self.now = self.now.max(at);
        let random = self.dice.0.next_random();
        match self.events.swap_remove(place).1 {
            Event::Ranges(ranges) => self.bulk.on_ranges(ranges),
            Event::Failed(id, error) => {
                let answer = Answer::Failed(&error);
                self.bulk.on_answer(id, answer, self.now, random);
            }
            Event::Results(id, results) => {
                let answer = Answer::Results {
                    results,
                    headers: &ResponseHeaders::default(),
                    hide: &|_| {},
                    repeated: false,
                };
                self.bulk.on_answer(id, answer, self.now, random);
            }
        }
        true
    }

    fn refresh(&mut self) {
        let ranges = if self.dice.percent(3) {
            let mut error = Error::new(ErrorKind::Unavailable, "no ranges");
            error.status = Some(503);
            Err(error)
        } else {
            Ok(map(&self.bounds, &self.ids))
        };
        self.later(Event::Ranges(ranges));
    }

    /// Everything from the first input to the last outcome.
    fn run(mut self) -> (Vec<String>, usize) {
        let count = self.dice.below(60) as usize;
        let abort_at = self.dice.percent(5).then(|| self.dice.below(200));
        for index in 0..count {
            let input = self.input(index);
            self.bulk.push(Ok(input));
        }
        for step in 0..MAX_STEPS {
            if self.dice.percent(self.trouble / 4) && self.ids.len() < 20 {
                self.split();
            }
            if abort_at == Some(step as u64) {
                let late = Error::new(ErrorKind::Timeout, "late");
                self.bulk.abort(&late);
            }
            match self.bulk.next(self.now) {
                Step::Send(batch) => {
                    let body = String::from_utf8_lossy(&batch.body);
                    self.log.push(format!("{} {batch:?} {body}", self.now));
                    self.send(&batch);
                }
                Step::Refresh { .. } => self.refresh(),
                Step::WaitUntil(until) => {
                    assert!(until > self.now);
                    self.pass(Some(until));
                }
                Step::Wait => assert!(self.pass(None)),
                Step::Done => return (self.judged(count), count),
            }
        }
        panic!("no end");
    }

    /// Every input has one outcome, in order, and it is true.
    fn judged(mut self, count: usize) -> Vec<String> {
        let outcomes = self.bulk.into_outcomes();
        assert_eq!(outcomes.len(), count);
        for (truth, outcome) in self.truths.iter().zip(outcomes) {
            assert!(truth.applied <= 1, "carried out {} times", truth.applied);
            self.log.push(match outcome {
                Ok(result) => {
                    assert_eq!(truth.applied, u32::from(truth.write));
                    result.status.to_string()
                }
                Err(error) => {
                    match error.outcome {
                        Effect::NotApplied => assert_eq!(truth.applied, 0, "{}", error.message),
                        Effect::Unknown => assert!(truth.write, "{}", error.message),
                    }
                    error.message
                }
            });
        }
        self.log
    }
}

#[test]
fn every_input_gets_one_true_outcome_in_order_property() {
    let (mut operations, mut lines) = (0, 0);
    for seed in 0..CASES {
        let case = std::panic::catch_unwind(|| Scene::new(seed).run());
        let (log, count) = case.unwrap_or_else(|_| panic!("seed {seed}"));
        operations += count;
        lines += log.len();
        if seed % 100 == 0 {
            assert!(
                Scene::new(seed).run().0 == log,
                "seed {seed} does not replay"
            );
        }
    }
    println!("bulk: {CASES} cases, {operations} inputs, {lines} batches and outcomes");
}
