//! The contents of a macro call: no parser knows its grammar, so it is read token by token.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{Scanner, is_ordering};

impl Scanner<'_> {
    /// Finds `name(…, Acquire, …)`, and what function it is in.
    pub(super) fn tokens(&mut self, tokens: TokenStream) {
        let outside = self.function.clone();
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (place, token) in tokens.iter().enumerate() {
            match (token, tokens.get(place + 1)) {
                (TokenTree::Ident(word), Some(TokenTree::Ident(name))) if word == "fn" => {
                    self.function = Some(match &self.type_name {
                        Some(type_name) => format!("{type_name}::{name}"),
                        None => name.to_string(),
                    });
                }
                (TokenTree::Ident(name), Some(TokenTree::Group(group)))
                    if group.delimiter() == Delimiter::Parenthesis =>
                {
                    self.place(&name.to_string(), name.span(), &orders(group.stream()));
                }
                (TokenTree::Group(group), _) => self.tokens(group.stream()),
                _ => {}
            }
        }
        self.function = outside;
    }
}

/// The arguments that are orderings: those whose last word names an ordering.
fn orders(arguments: TokenStream) -> Vec<String> {
    let mut orders = Vec::new();
    let mut last = None;
    for token in arguments {
        match token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => orders.extend(last.take()),
            TokenTree::Ident(word) => last = Some(word.to_string()).filter(|it| is_ordering(it)),
            _ => last = None,
        }
    }
    orders.extend(last);
    orders
}
