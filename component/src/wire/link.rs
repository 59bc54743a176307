//! Where a request goes and what its signature covers (spec driver-core §1.1).

use percent_encoding::percent_decode_str;

use super::{Invalid, id};

#[cfg(test)]
mod tests;

/// The kinds of resources that have paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceType {
    /// The account itself.
    Account,
    /// A database.
    Database,
    /// A container.
    Container,
    /// An item of a container.
    Item,
    /// A physical partition's range of keys.
    PartitionKeyRange,
    /// The throughput of a database or container; addressed by its system id (RID).
    Offer,
    /// A stored procedure.
    StoredProcedure,
    /// A trigger.
    Trigger,
    /// A user-defined function.
    UserDefinedFunction,
    /// A user of a database.
    User,
    /// A permission of a user.
    Permission,
    /// A conflict that replication found.
    Conflict,
}

impl ResourceType {
    /// Its segment in paths and in signatures; empty for the account.
    pub fn segment(self) -> &'static str {
        match self {
            Self::Account => "",
            Self::Database => "dbs",
            Self::Container => "colls",
            Self::Item => "docs",
            Self::PartitionKeyRange => "pkranges",
            Self::Offer => "offers",
            Self::StoredProcedure => "sprocs",
            Self::Trigger => "triggers",
            Self::UserDefinedFunction => "udfs",
            Self::User => "users",
            Self::Permission => "permissions",
            Self::Conflict => "conflicts",
        }
    }

    /// What its id is called in messages.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Database => "database name",
            Self::Container => "container name",
            Self::Item => "item id",
            _ => "resource id",
        }
    }

    /// The kind of resource that this segment names below a resource of this kind.
    fn child(self, segment: &str) -> Option<Self> {
        Some(match (self, segment) {
            (Self::Account, "dbs") => Self::Database,
            (Self::Account, "offers") => Self::Offer,
            (Self::Database, "colls") => Self::Container,
            (Self::Database, "users") => Self::User,
            (Self::User, "permissions") => Self::Permission,
            (Self::Container, "docs") => Self::Item,
            (Self::Container, "pkranges") => Self::PartitionKeyRange,
            (Self::Container, "sprocs") => Self::StoredProcedure,
            (Self::Container, "triggers") => Self::Trigger,
            (Self::Container, "udfs") => Self::UserDefinedFunction,
            (Self::Container, "conflicts") => Self::Conflict,
            _ => return None,
        })
    }
}

/// Where a request goes and what its signature covers.
///
/// A point link names one resource and signs its own path. A feed link names all resources of a kind below a
/// parent (to list, query or create them) and signs the parent's path.
#[derive(Debug, Clone)]
pub struct Link {
    /// What it names; for feeds, the kind of their elements.
    pub resource: ResourceType,
    path: String,
    signing: Signing,
}

/// The text to sign is nearly always a part of the path, which saves a second string for every request.
#[derive(Debug, Clone)]
enum Signing {
    /// The path from after its first slash up to here.
    PathUpTo(usize),
    Text(String),
}

impl Link {
    /// The URL's path with ids escaped, for example `/dbs/d/colls/c/docs/item%201`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What the signature covers: ids as they are, no slash at the ends; empty for the account and the feeds of
    /// databases and offers.
    pub fn signing(&self) -> &str {
        match &self.signing {
            Signing::PathUpTo(end) => self.path.get(1..*end).unwrap_or_default(),
            Signing::Text(text) => text,
        }
    }

    /// One resource: the kinds and ids from the outermost parent to itself. Errors: see [`id::check`].
    pub fn point(steps: &[Step<'_>]) -> Result<Self, Invalid> {
        let mut path = String::with_capacity(64);
        let mut escaped = false;
        for (resource, id) in steps {
            id::check(*resource, id)?;
            path.extend(["/", resource.segment(), "/"]);
            escaped |= id::push_escaped(&mut path, id);
        }
        Ok(Self {
            resource: steps
                .last()
                .map_or(ResourceType::Account, |(resource, _)| *resource),
            signing: if escaped {
                Signing::Text(raw(steps))
            } else {
                Signing::PathUpTo(path.len())
            },
            path,
        })
    }

    /// All resources of a kind below a parent. Errors: see [`id::check`].
    pub fn feed(parent: &[Step<'_>], resource: ResourceType) -> Result<Self, Invalid> {
        let mut link = Self::point(parent)?;
        link.resource = resource;
        link.path.extend(["/", resource.segment()]);
        Ok(link)
    }

    /// What a path names whose ids are as they are, for example `/dbs/d/colls/c/docs/item 1`: an even number of segments is
    /// one resource, an odd number a feed. Parents are taken for names.
    ///
    /// # Errors
    /// The path names nothing of the account; see [`id::check`].
    pub fn of(path: &str) -> Result<Self, Invalid> {
        let unknown = || {
            Invalid::new(
                "the path names no resource of the account: begin it with a slash, go on with kinds and ids in turn, and leave \
                 out host and query",
            )
        };
        let mut segments = path.strip_prefix('/').ok_or_else(unknown)?.split('/');
        let (mut resource, mut steps) = (ResourceType::Account, Vec::new());
        if path == "/" {
            return Ok(account());
        }
        while let Some(segment) = segments.next() {
            resource = resource.child(segment).ok_or_else(unknown)?;
            match segments.next() {
                Some(id) => steps.push((resource, id)),
                None => return Self::feed(&steps, resource),
            }
        }
        match steps.as_slice() {
            [(ResourceType::Offer, rid)] => offer(rid),
            steps => Self::point(steps),
        }
    }

    fn top_level(path: String, resource: ResourceType) -> Self {
        Self {
            resource,
            path,
            signing: Signing::PathUpTo(1),
        }
    }
}

/// A kind of resource and the id of one.
pub type Step<'a> = (ResourceType, &'a str);

fn raw(steps: &[Step<'_>]) -> String {
    let mut text = String::with_capacity(64);
    for (resource, id) in steps {
        push_raw(&mut text, *resource, id);
    }
    text
}

fn push_raw(text: &mut String, resource: ResourceType, id: &str) {
    if !text.is_empty() {
        text.push('/');
    }
    text.extend([resource.segment(), "/", id]);
}

/// `/`, the account.
pub fn account() -> Link {
    Link::top_level("/".to_owned(), ResourceType::Account)
}

/// `/dbs`, the feed of databases.
pub fn databases() -> Link {
    Link::top_level("/dbs".to_owned(), ResourceType::Database)
}

/// `/dbs/{database}`. Errors: see [`id::check`].
pub fn database(database: &str) -> Result<Link, Invalid> {
    Link::point(&[(ResourceType::Database, database)])
}

/// `/dbs/{database}/colls`, the feed of containers. Errors: see [`id::check`].
pub fn containers(database: &str) -> Result<Link, Invalid> {
    Link::feed(
        &[(ResourceType::Database, database)],
        ResourceType::Container,
    )
}

/// `/dbs/{database}/colls/{container}`. Errors: see [`id::check`].
pub fn container(database: &str, container: &str) -> Result<Link, Invalid> {
    Link::point(&[
        (ResourceType::Database, database),
        (ResourceType::Container, container),
    ])
}

/// `/dbs/{database}/colls/{container}/docs`, the feed of items. Errors: see [`id::check`].
pub fn items(database: &str, container: &str) -> Result<Link, Invalid> {
    below_container(database, container, ResourceType::Item)
}

/// `/dbs/{database}/colls/{container}/docs/{id}`. Errors: see [`id::check`].
pub fn item(database: &str, container: &str, id: &str) -> Result<Link, Invalid> {
    Link::point(&[
        (ResourceType::Database, database),
        (ResourceType::Container, container),
        (ResourceType::Item, id),
    ])
}

/// `/dbs/{database}/colls/{container}/pkranges`, the feed of partition key ranges. Errors: see [`id::check`].
pub fn partition_key_ranges(database: &str, container: &str) -> Result<Link, Invalid> {
    below_container(database, container, ResourceType::PartitionKeyRange)
}

fn below_container(
    database: &str,
    container: &str,
    resource: ResourceType,
) -> Result<Link, Invalid> {
    let parent = [
        (ResourceType::Database, database),
        (ResourceType::Container, container),
    ];
    Link::feed(&parent, resource)
}

/// `/offers`, the feed of offers.
pub fn offers() -> Link {
    Link::top_level("/offers".to_owned(), ResourceType::Offer)
}

/// `/offers/{rid}`: signed by its system id alone, in lower case. Errors: see [`id::check`].
pub fn offer(rid: &str) -> Result<Link, Invalid> {
    let mut link = Link::point(&[(ResourceType::Offer, rid)])?;
    link.signing = Signing::Text(rid.to_ascii_lowercase());
    Ok(link)
}

/// The link of a request line's path, for a signer that sees only HTTP.
///
/// Splits the escaped path and decodes it: an even number of segments is a point, an odd number a feed. None if it
/// is no resource path, or has an id that [`id::check`] refuses: a signer must not vouch for a path that the
/// service may read differently. Parents are taken for names; a path by system ids (other than offers) gets a
/// signature that the service refuses.
pub fn parse(path: &str) -> Option<Link> {
    let mut segments = path.strip_prefix('/')?.split('/');
    let mut resource = ResourceType::Account;
    let mut signing = String::with_capacity(path.len());
    if path == "/" {
        return Some(account());
    }
    while let Some(segment) = segments.next() {
        resource = resource.child(segment)?;
        let Some(id) = segments.next() else { break };
        let id = percent_decode_str(id).decode_utf8().ok()?;
        id::check(resource, &id).ok()?;
        if resource == ResourceType::Offer {
            signing = id.to_ascii_lowercase();
        } else {
            push_raw(&mut signing, resource, &id);
        }
    }
    Some(Link {
        resource,
        path: path.to_owned(),
        signing: Signing::Text(signing),
    })
}
