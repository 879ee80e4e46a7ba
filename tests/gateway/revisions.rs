//! Catalogs that replace each other.

use callsign::{Application, Catalog, ChangeError, Edit, EditErrorKind, Gateway, List};
use serde_json::json;
use serde_json::value::to_raw_value;

const PLATFORM: &str = r#"{"applications": [{"applicationId": "shop"}]}"#;

#[test]
fn a_revision_that_another_overtook_is_made_anew_and_serves_all_the_same() {
    let gateway = Gateway::new(Catalog::from_json(PLATFORM).unwrap()).unwrap();
    let named = |name: &str| {
        let application = to_raw_value(&json!({"applicationId": "shop", "applicationName": name})).unwrap();
        gateway.revision().catalog().edit(&[Edit::put(List::Applications, &application)]).unwrap()
    };
    let (one, other) = (gateway.next_revision(named("one")), gateway.next_revision(named("other")));
    let other = other.unwrap();
    let overtaken = other.number();
    gateway.replace_revision(one.unwrap()).unwrap();
    gateway.replace_revision(other).unwrap();
    assert_ne!(gateway.revision().number(), overtaken);
    let revision = gateway.revision();
    let (_, shop) = revision.catalog().application("shop").unwrap();
    assert_eq!(shop.name.as_deref(), Some("other"));
}

fn named(id: &str, name: &str) -> Edit<'static> {
    Edit::put_application(Application { name: Some(name.into()), ..Application::new(id) })
}

#[test]
fn an_edit_serves_at_once_and_returns_its_revision() {
    let gateway = Gateway::new(Catalog::from_json(PLATFORM).unwrap()).unwrap();
    let before = gateway.revision();
    let after = gateway.edit(before.number(), &[named("shop", "The shop"), named("news", "News")]).unwrap();
    assert_eq!(gateway.revision().number(), after.number());
    assert_eq!((before.catalog().applications().len(), after.catalog().applications().len()), (2, 3));
}

#[test]
fn an_edit_of_a_revision_that_is_not_served_any_more_is_refused_and_names_both() {
    let gateway = Gateway::new(Catalog::from_json(PLATFORM).unwrap()).unwrap();
    let read = gateway.revision().number();
    let serves = gateway.edit(read, &[named("shop", "first")]).unwrap().number();
    let error = gateway.edit(read, &[named("shop", "second")]).unwrap_err();
    assert!(matches!(error, ChangeError::Overtaken { of, served } if (of, served) == (read, serves)), "{error:?}");
    let says = format!(
        "the change was made of revision {read}, and revision {serves} is served by now; read that one and make the change again"
    );
    assert_eq!(error.to_string(), says);
    assert_eq!(gateway.revision().number(), serves);
    // Neither is one that never was.
    assert!(matches!(gateway.edit(0, &[]), Err(ChangeError::Overtaken { of: 0, .. })));
}

#[test]
fn an_edit_that_cannot_be_made_changes_nothing() {
    let gateway = Gateway::new(Catalog::from_json(PLATFORM).unwrap()).unwrap();
    let read = gateway.revision().number();
    let error = gateway.edit(read, &[named("news", "News"), Edit::remove_sender("S9")]).unwrap_err();
    assert!(matches!(&error, ChangeError::Edit(error) if error.edit == 1 && error.kind == EditErrorKind::NotFound));
    assert_eq!(gateway.revision().number(), read);
}

#[test]
fn a_revision_made_before_another_one_served_is_refused_where_it_must_come_next() {
    let gateway = Gateway::new(Catalog::from_json(PLATFORM).unwrap()).unwrap();
    let read = gateway.revision();
    let next = |name| gateway.next_revision(read.catalog().edit(&[named("shop", name)]).unwrap()).unwrap();
    let (one, other) = (next("one"), next("other"));
    let serves = gateway.serve_next(one).unwrap().number();
    let error = gateway.serve_next(other).unwrap_err();
    assert!(matches!(error, ChangeError::Overtaken { of, served } if (of, served) == (read.number(), serves)));
}

#[test]
fn of_writers_that_read_edit_and_try_again_none_loses_an_edit() {
    const WRITERS: usize = 4;
    const EDITS: usize = 25;
    let gateway = Gateway::new(Catalog::from_json("{}").unwrap()).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let gateway = &gateway;
            scope.spawn(move || {
                for edit in 0..EDITS {
                    // Each edit depends on what it read: it counts the applications in the name of its own.
                    let mut is_done = false;
                    while !is_done {
                        let read = gateway.revision();
                        let count = read.catalog().applications().len();
                        let own = named(&format!("{writer}-{edit}"), &count.to_string());
                        is_done = match gateway.edit(read.number(), &[own]) {
                            Ok(_) => true,
                            Err(ChangeError::Overtaken { .. }) => false,
                            Err(error) => panic!("{error}"),
                        };
                    }
                }
            });
        }
    });
    let revision = gateway.revision();
    let names = revision.catalog().applications().iter().filter_map(|application| application.name.as_deref());
    let mut counts: Vec<usize> = names.map(|name| name.parse().unwrap()).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=WRITERS * EDITS).collect::<Vec<_>>());
}
