//! A file in which everything is sound, read as fast as the machine can.
//!
//! This is the way of all files that are served. It only says whether a file is sound, as `build` does of an element; why
//! one is not is for `check` to say, which goes through it from the beginning.

use serde_json::value::RawValue;

use super::{
    Catalog,
    build::{self, WrittenDefault, WrittenStrategy},
    conflicts::Claims,
    coverage::Coverages,
    file::Lists,
    ids::DEFAULT_APPLICATION,
    model::{Application, Association, OtherAssociation},
};
use crate::parallel::parts;
use crate::persistent::{PVec, SlotVec};

/// The catalog of these lists; nothing where any of it is not sound.
pub(super) fn catalog<'a>(lists: &Lists<'a>) -> Option<Catalog> {
    let coverages = Coverages::default();
    let nothing = Catalog::nothing();
    let identified = Catalog {
        applications: applications(&lists.applications.elements)?,
        entities: each(&lists.entities.elements, |raw, _| Some(build::entity(raw)?.1), &coverages)?,
        senders: each(&lists.senders.elements, |raw, coverages| Some(build::sender(raw, coverages)?.1), &coverages)?,
        ..nothing.clone()
    };
    let identified = identified.looked_up(&nothing);
    let (associations, other_associations) = associations(&lists.associations.elements, &identified)?;

    let mut claims = Claims::default();
    let mut strategies = Vec::with_capacity(lists.strategies.elements.len());
    let written = |raw, coverages: &mut Coverages<'a>| {
        let written: WrittenStrategy<'a> = build::strategy(raw, coverages)?;
        Some((written.place(&identified)?, written.reach()))
    };
    for (index, (strategy, reach)) in
        (0..).zip(list(&lists.strategies.elements, written, &coverages)?.into_iter().flatten())
    {
        if !claims.add(index, reach).is_empty() {
            return None;
        }
        strategies.push(strategy);
    }
    let default_sender = |raw, _: &mut Coverages<'a>| {
        let written: WrittenDefault<'a> = build::default_sender(raw)?;
        written.place(&identified)
    };
    let default_senders = list(&lists.default_senders.elements, default_sender, &coverages)?;
    let catalog = Catalog {
        associations,
        other_associations,
        strategies: strategies.into(),
        default_senders: default_senders.into_iter().flatten().collect(),
        interned: coverages.collected(),
        ..identified.clone()
    };
    Some(catalog.looked_up(&identified)).filter(Catalog::is_told_apart)
}

/// The applications, `default` in front where the file does not list it.
fn applications(elements: &[&RawValue]) -> Option<PVec<Application>> {
    let applications = elements.iter().map(|raw| Some(build::application(raw)?.1));
    let mut applications = applications.collect::<Option<Vec<Application>>>()?;
    if applications.iter().all(|application| &*application.id != DEFAULT_APPLICATION) {
        applications.insert(0, Application { id: DEFAULT_APPLICATION.into(), name: None });
    }
    Some(applications.into())
}

/// The associations, and those that no strategy acts on.
fn associations(elements: &[&RawValue], known: &Catalog) -> Option<(SlotVec<Association>, SlotVec<OtherAssociation>)> {
    let read = parts(elements, |part| {
        let (mut associations, mut others) = (Vec::with_capacity(part.len()), Vec::new());
        for raw in part {
            let link = build::link(raw)?;
            match link.acted_on(build::ends(&link, known)?) {
                Some(association) => associations.push(association),
                None => others.push(link.kept()),
            }
        }
        Some((associations, others))
    })?;
    let (associations, others): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    Some((associations.into_iter().flatten().collect(), others.into_iter().flatten().collect()))
}

/// The elements of a list, read by the parts.
fn list<'a, T: Send>(
    elements: &[&'a RawValue],
    read: impl Fn(&'a RawValue, &mut Coverages<'a>) -> Option<T> + Sync,
    coverages: &Coverages<'_>,
) -> Option<Vec<Vec<T>>> {
    parts(elements, |part| {
        let mut coverages = coverages.beside();
        let mut read_so_far = Vec::with_capacity(part.len());
        for raw in part {
            read_so_far.push(read(raw, &mut coverages)?);
        }
        Some(read_so_far)
    })
}

fn each<'a, T: Send>(
    elements: &[&'a RawValue],
    read: impl Fn(&'a RawValue, &mut Coverages<'a>) -> Option<T> + Sync,
    coverages: &Coverages<'_>,
) -> Option<PVec<T>> {
    Some(list(elements, read, coverages)?.into_iter().flatten().collect())
}
