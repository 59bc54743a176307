//! Finds the paths that lead through the crate's root.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// A name that a file uses.
pub(super) enum Name {
    /// A path into the own crate; `root` is its first segment after `crate`, or `*` or `crate` for all of it.
    InCrate { line: usize, root: String },
    /// Any identifier.
    Word { line: usize, word: String },
}

/// All names in a file whose module path is `module`.
///
/// # Errors
/// The text is not Rust.
pub(super) fn names(text: &str, module: &[String]) -> Result<Vec<Name>> {
    let tokens: TokenStream = text
        .parse()
        .map_err(|error| anyhow!("not valid Rust: {error}"))?;
    let mut names = Vec::new();
    walk(tokens, module, &mut names);
    Ok(names)
}

fn walk(tokens: TokenStream, module: &[String], names: &mut Vec<Name>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            TokenTree::Group(group) => walk(group.stream(), module, names),
            TokenTree::Ident(word) if word == "mod" => rest = declared(rest, module, names),
            TokenTree::Ident(word) => ident(word, rest, module, names),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// The rest of `mod name;` or `mod name { … }`, whose name declares and uses nothing.
fn declared<'a>(
    rest: &'a [TokenTree],
    module: &[String],
    names: &mut Vec<Name>,
) -> &'a [TokenTree] {
    match rest {
        [TokenTree::Ident(name), TokenTree::Group(body), after @ ..] => {
            let inner = [module, &[name.to_string()]].concat();
            walk(body.stream(), &inner, names);
            after
        }
        [TokenTree::Ident(_), after @ ..] => after,
        _ => rest,
    }
}

fn ident(word: &Ident, rest: &[TokenTree], module: &[String], names: &mut Vec<Name>) {
    let line = word.span().start().line;
    names.push(Name::Word {
        line,
        word: word.to_string(),
    });
    let base = match word.to_string().as_str() {
        "crate" => &[],
        "super" => parent(module),
        _ => return,
    };
    let mut roots = Vec::new();
    match after_separator(rest) {
        Some(path) => resolve(base, path, &mut roots),
        // `use crate as x` and `use super as x` name a module whole; `pub(crate)` names nothing.
        None if is_word(rest, "as") => roots.push(root(base, "crate")),
        None => {}
    }
    names.extend(roots.into_iter().map(|root| Name::InCrate { line, root }));
}

/// Follows a path, or a tree of them in braces, from the module `base`.
fn resolve(base: &[String], path: &[TokenTree], roots: &mut Vec<String>) {
    match path {
        [TokenTree::Ident(word), rest @ ..] if word == "super" => match after_separator(rest) {
            Some(path) => resolve(parent(base), path, roots),
            None => roots.push(root(parent(base), "crate")),
        },
        [TokenTree::Ident(word), ..] if word == "self" => roots.push(root(base, "crate")),
        [TokenTree::Ident(word), ..] => roots.push(root(base, &word.to_string())),
        [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Brace => {
            let tree: Vec<TokenTree> = group.stream().into_iter().collect();
            for branch in tree
                .split(|token| is_punct(token, ','))
                .filter(|path| !path.is_empty())
            {
                resolve(base, branch, roots);
            }
        }
        [TokenTree::Punct(star), ..] if star.as_char() == '*' => roots.push(root(base, "*")),
        _ => {}
    }
}

fn root(base: &[String], next: &str) -> String {
    base.first().cloned().unwrap_or_else(|| next.to_owned())
}

fn parent(module: &[String]) -> &[String] {
    module.split_last().map_or(&[], |(_, parent)| parent)
}

fn after_separator(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    match tokens {
        [first, second, rest @ ..] if is_punct(first, ':') && is_punct(second, ':') => Some(rest),
        _ => None,
    }
}

fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_word(tokens: &[TokenTree], word: &str) -> bool {
    matches!(tokens.first(), Some(TokenTree::Ident(first)) if first == word)
}
