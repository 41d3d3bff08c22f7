//! Between documents in memory and records of a log.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use convoke_core::activity::Activity;
use convoke_core::handle::Handle;
use convoke_core::people::Follow;
use convoke_core::privacy::{Listing, PrivateList, Settings};
use convoke_core::recent_players::RecentPlayers;
use convoke_core::session::{Member, Sharing, next_timer};
use convoke_wire::{HandleId, Xuid};
use serde::Serialize;

use super::members;
use crate::draft::Draft;
use crate::ending::{Changes, Ends};
use crate::log::{Contents, Record, Table};
use crate::state::State;
use crate::step::{PutHandle, StoredSession};
use crate::{StoreError, apart, codec};

/// Records that one thread decodes at a time.
const CHUNK: usize = 256;
/// Most findings about documents that differ.
const MAX_FINDINGS: usize = 100;

/// What a draft writes that was made on a state.
pub(super) fn records(draft: &mut Draft, state: &State) -> Result<Vec<Record>, StoreError> {
    let mut records = Vec::with_capacity(draft.sessions.len() + draft.handles.len());
    for (key, next) in &mut draft.sessions {
        records.extend(members::records(key, state.stored(key), next.as_ref())?);
        records.push(Record {
            table: Table::Sessions,
            key: Bytes::copy_from_slice(key.as_bytes()),
            value: next.as_mut().map(|next| std::mem::take(&mut next.written)),
        });
    }
    for (id, next) in &mut draft.handles {
        let value = match next {
            None => None,
            // One that was changed and not put has no text yet.
            Some(put) if put.written.is_empty() => Some(codec::pack_handle(&put.handle)?),
            Some(put) => Some(std::mem::take(&mut put.written)),
        };
        records.push(Record {
            table: Table::Handles,
            key: Bytes::copy_from_slice(id.as_bytes()),
            value,
        });
    }
    for ((owner, target), next) in &draft.follows {
        records.push(Record {
            table: Table::Follows,
            key: edge_key(*owner, *target),
            value: next.as_ref().map(codec::pack_follow).transpose()?,
        });
    }
    for ((list, owner, target), next) in &draft.listings {
        records.push(Record {
            table: Table::Listings,
            key: listing_key(*list, *owner, *target),
            value: next.as_ref().map(codec::pack_listing).transpose()?,
        });
    }
    for (owner, next) in &draft.settings {
        records.push(Record {
            table: Table::Settings,
            key: owner_key(*owner),
            value: next.as_ref().map(codec::pack_settings).transpose()?,
        });
    }
    records.extend(endings(Table::Activities, &draft.doing)?);
    records.extend(endings(Table::RecentPlayers, &draft.met)?);
    Ok(records)
}

fn endings<T: Ends + Serialize>(
    table: Table,
    changes: &Changes<T>,
) -> Result<Vec<Record>, StoreError> {
    let record = |(key, next): (&Arc<str>, &Option<Arc<T>>)| {
        Ok(Record {
            table,
            key: Bytes::copy_from_slice(key.as_bytes()),
            value: next.as_deref().map(codec::pack_ending).transpose()?,
        })
    };
    changes.iter().map(record).collect()
}

fn edge_key(owner: Xuid, target: Xuid) -> Bytes {
    let key = [owner.0.to_be_bytes(), target.0.to_be_bytes()].concat();
    key.into()
}

fn listing_key(list: PrivateList, owner: Xuid, target: Xuid) -> Bytes {
    let list: u8 = match list {
        PrivateList::Blocked => 1,
        PrivateList::Muted => 2,
        PrivateList::Friends => 3,
        PrivateList::RequestsSent => 4,
        PrivateList::RequestsReceived => 5,
    };
    [&[list], &*edge_key(owner, target)].concat().into()
}

fn owner_key(owner: Xuid) -> Bytes {
    Bytes::copy_from_slice(&owner.0.to_be_bytes())
}

/// A document with what is kept beside it.
#[derive(Debug)]
pub(super) enum Document {
    Session(Arc<str>, StoredSession),
    Handle(Arc<Handle>),
    Follow(Follow),
    Listing(Listing),
    Settings(Xuid, Settings),
    Activity(Arc<Activity>),
    RecentPlayers(Arc<RecentPlayers>),
    Member(Arc<str>, u32, Arc<Member>),
}

/// All documents in memory.
pub(super) fn of(state: &State) -> Vec<Document> {
    let sessions = state
        .sessions()
        .flat_map(|(key, stored)| parts(key, stored));
    let handles = state.handles().map(|it| Document::Handle(Arc::clone(it)));
    let follows = state.follows().map(|it| Document::Follow(*it));
    let listings = state.listings().map(|it| Document::Listing(*it));
    let settings = state.all_settings();
    let settings = settings.map(|(owner, it)| Document::Settings(owner, it.clone()));
    let people = follows.chain(listings).chain(settings);
    let doing = state.doing.all();
    let doing = doing.map(|it| Document::Activity(Arc::clone(it)));
    let met = state.met.all();
    let met = met.map(|it| Document::RecentPlayers(Arc::clone(it)));
    let all = sessions.chain(handles).chain(people);
    all.chain(doing).chain(met).collect()
}

/// A session as it is stored: itself, and the members that are stored apart.
fn parts(key: &Arc<str>, stored: &StoredSession) -> Vec<Document> {
    let members = stored.members_apart();
    let mut head = stored.clone();
    if !members.is_empty() {
        head.session = Arc::new(apart::head(&stored.session).into_owned());
    }
    let mut parts = vec![Document::Session(Arc::clone(key), head)];
    let member = |(index, member): (&u32, &Arc<Member>)| {
        Document::Member(Arc::clone(key), *index, Arc::clone(member))
    };
    parts.extend(members.iter().map(member));
    parts
}

/// Reads all documents, on all cores.
pub(super) fn state(contents: Contents) -> Result<State, StoreError> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut state = State::default();
    let mut apart: HashMap<Arc<str>, Vec<_>> = HashMap::new();
    thread::scope(|scope| {
        let (give, given) = mpsc::sync_channel::<Vec<Record>>(2 * threads);
        let (done, read) = mpsc::sync_channel(2 * threads);
        let given = Arc::new(Mutex::new(given));
        for _ in 0..threads {
            let (given, done) = (Arc::clone(&given), done.clone());
            scope.spawn(move || {
                let mut sharing = Sharing::default();
                while let Some(chunk) = next(&given) {
                    if done.send(draft(chunk, &mut sharing)).is_err() {
                        break;
                    }
                }
            });
        }
        drop((given, done));
        // Whoever finds an error ends the others by hanging up.
        let reads = scope.spawn(move || {
            let mut chunk = Vec::with_capacity(CHUNK);
            for record in contents {
                chunk.push(record?);
                if chunk.len() == CHUNK {
                    let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK));
                    if give.send(full).is_err() {
                        return Ok(());
                    }
                }
            }
            let _ = give.send(chunk);
            Ok(())
        });
        for draft in read {
            let (draft, members) = draft?;
            state.apply(draft);
            for (session, index, member) in members {
                apart.entry(session).or_default().push((index, member));
            }
        }
        match reads.join() {
            Ok(result) => result,
            Err(_) => Err(StoreError::Corrupt(
                "the engine has given up reading it".to_owned(),
            )),
        }
    })?;
    for (session, members) in apart {
        state.put_back(&session, members)?;
    }
    Ok(state)
}

fn next(given: &Mutex<Receiver<Vec<Record>>>) -> Option<Vec<Record>> {
    let given = given.lock().unwrap_or_else(PoisonError::into_inner);
    given.recv().ok()
}

/// A member that is stored apart from its session.
type Apart = (Arc<str>, u32, Arc<Member>);

/// The documents of some records, as what would put them there, and members of sessions that others
/// may read.
fn draft(records: Vec<Record>, sharing: &mut Sharing) -> Result<(Draft, Vec<Apart>), StoreError> {
    let mut draft = Draft::default();
    let mut members = Vec::new();
    for record in records {
        match document(&record)? {
            None => {}
            Some(Document::Session(key, mut stored)) => {
                sharing.share(&mut Arc::make_mut(&mut stored.session).constants);
                draft.sessions.insert(key, Some(stored));
            }
            Some(Document::Handle(handle)) => {
                let written = Bytes::new();
                let put = PutHandle { handle, written };
                draft.handles.insert(put.handle.id, Some(put));
            }
            Some(Document::Follow(follow)) => {
                let edge = (follow.owner, follow.target);
                draft.follows.insert(edge, Some(follow));
            }
            Some(Document::Listing(it)) => {
                let key = (it.list, it.owner, it.target);
                draft.listings.insert(key, Some(it));
            }
            Some(Document::Settings(owner, settings)) => {
                draft.settings.insert(owner, Some(settings));
            }
            Some(Document::Activity(it)) => {
                draft.doing.insert(Ends::key(&*it).into(), Some(it));
            }
            Some(Document::RecentPlayers(it)) => {
                draft.met.insert(Ends::key(&*it).into(), Some(it));
            }
            Some(Document::Member(session, index, member)) => {
                members.push((session, index, member));
            }
        }
    }
    Ok((draft, members))
}

/// Reads one record, and compares its key with its document.
fn document(record: &Record) -> Result<Option<Document>, StoreError> {
    let Some(value) = &record.value else {
        return Ok(None);
    };
    let (document, fits) = match record.table {
        Table::Sessions => {
            let (sandbox, session) = codec::unpack_session(value)?;
            let stored = StoredSession {
                sandbox,
                next_timer: next_timer(&session),
                is_whole: !session.members.is_empty() && apart::is_apart(&session),
                session: Arc::new(session),
                written: Bytes::new(),
            };
            let key = stored.key().folded();
            let fits = key.as_bytes() == record.key;
            (Document::Session(key.into(), stored), fits)
        }
        Table::Handles => {
            let handle = codec::unpack_handle(value)?;
            let fits = handle.id == HandleId::from_slice(&record.key).unwrap_or_default();
            (Document::Handle(Arc::new(handle)), fits)
        }
        Table::Follows => {
            let follow = codec::unpack_follow(value)?;
            let fits = edge_key(follow.owner, follow.target) == record.key;
            (Document::Follow(follow), fits)
        }
        Table::Listings => {
            let listing = codec::unpack_listing(value)?;
            let fits = listing_key(listing.list, listing.owner, listing.target) == record.key;
            (Document::Listing(listing), fits)
        }
        Table::Settings => {
            let settings = codec::unpack_settings(value)?;
            let bytes = <[u8; 8]>::try_from(&record.key[..]);
            let owner = Xuid(bytes.map(u64::from_be_bytes).unwrap_or_default());
            (Document::Settings(owner, settings), bytes.is_ok())
        }
        Table::Members => {
            let member = codec::unpack_member(value)?;
            let place = members::place(&record.key);
            let (session, index) = place.unwrap_or_default();
            let document = Document::Member(session.into(), index, Arc::new(member));
            (document, place.is_some())
        }
        Table::Activities => {
            let activity: Activity = codec::unpack_ending(value)?;
            let fits = Ends::key(&activity).as_bytes() == record.key;
            (Document::Activity(Arc::new(activity)), fits)
        }
        Table::RecentPlayers => {
            let list: RecentPlayers = codec::unpack_ending(value)?;
            let fits = Ends::key(&list).as_bytes() == record.key;
            (Document::RecentPlayers(Arc::new(list)), fits)
        }
    };
    if fits {
        Ok(Some(document))
    } else {
        let table = record.table;
        Err(StoreError::Corrupt(format!(
            "a document in {table:?} stands under the key of another"
        )))
    }
}

/// What of the documents in memory is not in the log, and the other way round.
pub(super) fn differences(kept: Vec<Document>, contents: Contents) -> Vec<String> {
    let mut findings = Vec::new();
    let mut kept: BTreeMap<(Table, Bytes), Document> = kept
        .into_iter()
        .map(|document| (document.identity(), document))
        .collect();
    for record in contents {
        if MAX_FINDINGS <= findings.len() {
            return findings;
        }
        let found = record.and_then(|record| {
            let identity = (record.table, record.key.clone());
            Ok((identity, document(&record)?))
        });
        match found {
            Err(error) => findings.push(error.to_string()),
            Ok((identity, found)) => match (kept.remove(&identity), found) {
                (Some(kept), Some(found)) if kept.equals(&found) => {}
                _ => findings.push(format!("{}: the log has another", in_words(&identity))),
            },
        }
    }
    let rest = kept.keys().take(MAX_FINDINGS - findings.len());
    findings.extend(rest.map(|identity| format!("{}: not in the log", in_words(identity))));
    findings
}

fn in_words((table, key): &(Table, Bytes)) -> String {
    match table {
        Table::Sessions => format!("session {}", String::from_utf8_lossy(key)),
        Table::Activities => format!("activity {}", String::from_utf8_lossy(key)),
        Table::RecentPlayers => format!("recent players {}", String::from_utf8_lossy(key)),
        Table::Members => match members::place(key) {
            Some((session, index)) => format!("member {index} of session {session}"),
            None => format!("member {key:02x?}"),
        },
        Table::Handles | Table::Follows | Table::Listings | Table::Settings => {
            format!("{table:?} {key:02x?}")
        }
    }
}

impl Document {
    fn identity(&self) -> (Table, Bytes) {
        match self {
            Self::Session(key, _) => (Table::Sessions, Bytes::copy_from_slice(key.as_bytes())),
            Self::Handle(handle) => (Table::Handles, Bytes::copy_from_slice(handle.id.as_bytes())),
            Self::Follow(follow) => (Table::Follows, edge_key(follow.owner, follow.target)),
            Self::Listing(it) => (Table::Listings, listing_key(it.list, it.owner, it.target)),
            Self::Settings(owner, _) => (Table::Settings, owner_key(*owner)),
            Self::Activity(it) => (Table::Activities, Ends::key(&**it).into()),
            Self::RecentPlayers(it) => (Table::RecentPlayers, Ends::key(&**it).into()),
            Self::Member(session, index, _) => (Table::Members, members::key(session, *index)),
        }
    }

    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Session(_, one), Self::Session(_, two)) => {
                one.sandbox.as_str() == two.sandbox.as_str() && one.session == two.session
            }
            (Self::Handle(one), Self::Handle(two)) => one == two,
            (Self::Follow(one), Self::Follow(two)) => one == two,
            (Self::Listing(one), Self::Listing(two)) => one == two,
            (Self::Settings(_, one), Self::Settings(_, two)) => one == two,
            (Self::Activity(one), Self::Activity(two)) => one == two,
            (Self::RecentPlayers(one), Self::RecentPlayers(two)) => one == two,
            (Self::Member(_, _, one), Self::Member(_, _, two)) => one == two,
            _ => false,
        }
    }
}
