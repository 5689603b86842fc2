//! What goes wrong, and in which order: the same for the same seed.

use std::time::Duration;

use fastrand::Rng;

use crate::proxy::{End, Weather};

/// A process of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The core.
    Core,
    /// One of the gateways.
    Gateway(usize),
}

/// A link with a proxy on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// From clients to a gateway.
    Edge(usize),
    /// From a gateway to the core.
    Back(usize),
    /// From gRPC clients to the core.
    Grpc,
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL, and a start after a while.
    Kill(Target, Duration),
    /// SIGTERM, which must end it with 0 within 10 s, and a start after a while.
    Stop(Target, Duration),
    /// SIGSTOP for a while.
    Freeze(Target, Duration),
    /// Bad weather on a link for a while.
    Weather(Wire, Weather, Duration),
    /// All connections of a link end.
    End(Wire, End),
}

/// What there is to go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Whether processes may be touched, and links between them.
    pub processes: bool,
    /// Gateways.
    pub gateways: usize,
    /// Whether clients talk to the core.
    pub grpc: bool,
}

/// An endless list of faults, each after a pause.
#[derive(Clone, Debug)]
pub struct Schedule {
    rng: Rng,
    scope: Scope,
}

impl Schedule {
    /// The list that belongs to a seed.
    #[must_use]
    pub fn new(seed: u64, scope: Scope) -> Self {
        Self { rng: Rng::with_seed(seed), scope }
    }

    fn fault(&mut self) -> Fault {
        // All dice are thrown each time, so that what is possible does not change what comes later.
        let (kind, target, wire) = (self.rng.u32(0..100), self.target(), self.wire());
        let (weather, end, while_) = (self.weather(), self.end(), self.millis(100..2_500));
        match kind {
            0..14 if self.scope.processes => Fault::Kill(target, while_),
            14..22 if self.scope.processes => Fault::Stop(target, while_),
            22..34 if self.scope.processes => Fault::Freeze(target, while_ * 2),
            0..64 => Fault::Weather(wire, weather, while_ * 2),
            _ => Fault::End(wire, end),
        }
    }

    fn target(&mut self) -> Target {
        let gateway = self.rng.usize(0..self.scope.gateways);
        if self.rng.bool() { Target::Core } else { Target::Gateway(gateway) }
    }

    fn wire(&mut self) -> Wire {
        let (kind, gateway) = (self.rng.u32(0..100), self.rng.usize(0..self.scope.gateways));
        match kind {
            0..40 if self.scope.processes => Wire::Back(gateway),
            40..60 if self.scope.grpc => Wire::Grpc,
            _ => Wire::Edge(gateway),
        }
    }

    fn weather(&mut self) -> Weather {
        let (delay, rate) = (self.millis(5..300), self.rng.u32(2_000..200_000));
        match self.rng.u32(0..5) {
            0 => Weather::Slow(delay),
            1 => Weather::Throttled(rate),
            2 => Weather::Stalled,
            3 => Weather::Deaf,
            _ => Weather::Closed,
        }
    }

    fn end(&mut self) -> End {
        match self.rng.u32(0..3) {
            0 => End::Cut,
            1 => End::Reset,
            _ => End::HalfOpen,
        }
    }

    fn millis(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.rng.u64(range))
    }
}

impl Iterator for Schedule {
    type Item = (Duration, Fault);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.millis(100..1_200), self.fault()))
    }
}

impl Fault {
    /// Its kind, in words.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Kill(Target::Core, _) => "core: SIGKILL",
            Self::Kill(Target::Gateway(_), _) => "gateway: SIGKILL",
            Self::Stop(Target::Core, _) => "core: SIGTERM",
            Self::Stop(Target::Gateway(_), _) => "gateway: SIGTERM",
            Self::Freeze(Target::Core, _) => "core: SIGSTOP",
            Self::Freeze(Target::Gateway(_), _) => "gateway: SIGSTOP",
            Self::Weather(_, Weather::Fair, _) => "link: as it should be",
            Self::Weather(_, Weather::Slow(_), _) => "link: delayed",
            Self::Weather(_, Weather::Throttled(_), _) => "link: throttled",
            Self::Weather(_, Weather::Stalled, _) => "link: stalled",
            Self::Weather(_, Weather::Deaf, _) => "link: stalled in one direction",
            Self::Weather(_, Weather::Closed, _) => "link: nobody let in",
            Self::End(_, End::Cut) => "link: cut",
            Self::End(_, End::Reset) => "link: reset",
            Self::End(_, End::HalfOpen) => "link: half-open",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const ALL: Scope = Scope { processes: true, gateways: 2, grpc: true };

    #[test]
    fn a_seed_repeats_its_faults_and_another_one_has_others() {
        let faults = |seed| Schedule::new(seed, ALL).take(100).collect::<Vec<_>>();
        assert_eq!(faults(7), faults(7));
        assert_ne!(faults(7), faults(8));
    }

    #[test]
    fn every_kind_comes_up() {
        let kinds: HashSet<_> = Schedule::new(1, ALL).take(1_000).map(|(_, fault)| fault.kind()).collect();
        assert_eq!(kinds.len(), 14, "{kinds:?}");
    }

    #[test]
    fn a_stack_of_others_is_left_alone() {
        let scope = Scope { processes: false, gateways: 1, grpc: false };
        for (_, fault) in Schedule::new(1, scope).take(1_000) {
            assert!(matches!(fault, Fault::Weather(Wire::Edge(0), ..) | Fault::End(Wire::Edge(0), _)), "{fault:?}");
        }
    }
}
