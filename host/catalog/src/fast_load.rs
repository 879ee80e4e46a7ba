//! Loads a valid file on several threads.
//!
//! Files that are served are valid, so this is the usual way. It stops at the first fault. To report every fault, `check`
//! then reads the file again from the start.

use super::{
    Catalog,
    conflicts::TieFinder,
    coverage::Coverages,
    fault::FaultLog,
    file::Lists,
    ids::{DEFAULT_APPLICATION, KnownIds},
    json_path::{Json, Path, ValueAt},
    model::{Application, Association, OtherAssociation},
    parallel::parts,
    persistent::SlotVec,
    reader::Reader,
};

/// Reads one list after the other.
struct FastLoad<'a> {
    text: &'a str,
    coverages: Coverages<'a>,
    /// References are not looked up by the reader, but in the catalog of those elements that have ids.
    known: KnownIds<'a>,
}

/// The catalog of these lists of a text; nothing if any of it has a fault.
pub(super) fn catalog<'a>(text: &'a str, lists: &Lists<'a>) -> Option<Catalog> {
    let load = FastLoad { text, coverages: Coverages::default(), known: KnownIds::unchecked() };
    let empty = Catalog::empty();
    let referred_to = Catalog {
        applications: load.applications(&lists.applications.elements)?,
        entities: load.list(&lists.entities.elements, |reader, at, _| reader.entity(at).element)?.collect(),
        senders: load
            .list(&lists.senders.elements, |reader, at, coverages| reader.sender(at, coverages).element)?
            .collect(),
        ..empty.clone()
    };
    let referred_to = referred_to.indexed(&empty, false);
    let (associations, other_associations) = load.associations(&lists.associations.elements, &referred_to)?;
    let strategies = load.list(&lists.strategies.elements, |reader, at, coverages| {
        let (strategy, selector) = reader.strategy(at, &load.known, coverages);
        Some((strategy.element?.resolve(&referred_to)?, selector?))
    })?;
    let mut ties = TieFinder::default();
    let strategies = (0..).zip(strategies).map(|(index, (strategy, selector))| {
        // Two strategies that tie are a fault.
        ties.add(index, selector).is_empty().then_some(strategy)
    });
    let strategies = strategies.collect::<Option<Vec<_>>>()?;
    let default_senders = load.list(&lists.default_senders.elements, |reader, at, _| {
        reader.default_sender(at, &load.known).element?.resolve(&referred_to)
    })?;
    let catalog = Catalog {
        associations,
        other_associations,
        strategies: strategies.into(),
        default_senders: default_senders.collect(),
        interned: load.coverages.collected(),
        ..referred_to.clone()
    };
    Some(catalog.indexed(&referred_to, false)).filter(Catalog::has_no_duplicates)
}

impl<'a> FastLoad<'a> {
    /// The applications, `default` in front if the file does not list it.
    fn applications(&self, elements: &[Json<'a>]) -> Option<SlotVec<Application>> {
        let applications = self.list(elements, |reader, at, _| reader.application(at).element)?;
        let mut applications: Vec<Application> = applications.collect();
        if applications.iter().all(|application| &*application.id != DEFAULT_APPLICATION) {
            applications.insert(0, Application::default_one());
        }
        Some(applications.into())
    }

    /// The associations, and those that no strategy acts on.
    fn associations(
        &self,
        elements: &[Json<'a>],
        referred_to: &Catalog,
    ) -> Option<(SlotVec<Association>, SlotVec<OtherAssociation>)> {
        let read = parts(elements, |part| {
            let (mut associations, mut others) = (Vec::with_capacity(part.len()), Vec::new());
            let mut log = FaultLog::new(self.text);
            for &json in part {
                let at = ValueAt { json, path: Path::Root };
                let association = Reader::new(&mut log).association(&at, &self.known).filter(|_| log.is_empty())?;
                match association.acted_on(association.resolve(referred_to)?) {
                    Some(association) => associations.push(association),
                    None => others.push(association.not_acted_on()),
                }
            }
            Some((associations, others))
        })?;
        let (associations, others): (Vec<_>, Vec<_>) = read.into_iter().unzip();
        Some((associations.into_iter().flatten().collect(), others.into_iter().flatten().collect()))
    }

    /// The elements of a list, read on several threads if it is long.
    fn list<T: Send>(
        &self,
        elements: &[Json<'a>],
        read: impl Fn(&mut Reader<'_, 'a>, &ValueAt<'a, '_>, &mut Coverages<'a>) -> Option<T> + Sync,
    ) -> Option<std::iter::Flatten<std::vec::IntoIter<Vec<T>>>> {
        let parts = parts(elements, |part| {
            let mut coverages = self.coverages.for_thread();
            let mut log = FaultLog::new(self.text);
            let mut elements = Vec::with_capacity(part.len());
            for &json in part {
                // Paths are of no use here: faults are not reported.
                let at = ValueAt { json, path: Path::Root };
                elements.push(read(&mut Reader::new(&mut log), &at, &mut coverages)?);
            }
            Some(elements)
        })?;
        Some(parts.into_iter().flatten())
    }
}
