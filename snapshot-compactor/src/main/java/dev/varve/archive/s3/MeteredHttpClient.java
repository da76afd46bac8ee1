package dev.varve.archive.s3;

import dev.varve.archive.Bandwidth;
import java.io.IOException;
import java.util.Optional;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;

/**
 * Keeps bodies within a bandwidth while they go over the wire. (Streams further up are also read to
 * be signed, which costs no bandwidth.)
 */
final class MeteredHttpClient implements SdkHttpClient {

  private final SdkHttpClient inner;
  private final Bandwidth bandwidth;

  MeteredHttpClient(SdkHttpClient inner, Bandwidth bandwidth) {
    this.inner = inner;
    this.bandwidth = bandwidth;
  }

  @Override
  public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
    HttpExecuteRequest.Builder metered =
        HttpExecuteRequest.builder().request(request.httpRequest());
    request.metricCollector().ifPresent(metered::metricCollector);
    request
        .contentStreamProvider()
        .ifPresent(
            body ->
                metered.contentStreamProvider(
                    ContentStreamProvider.fromInputStreamSupplier(
                        () -> bandwidth.up(body.newStream()))));
    ExecutableHttpRequest prepared = inner.prepareRequest(metered.build());
    return new ExecutableHttpRequest() {
      @Override
      public HttpExecuteResponse call() throws IOException {
        HttpExecuteResponse response = prepared.call();
        Optional<AbortableInputStream> body = response.responseBody();
        return HttpExecuteResponse.builder()
            .response(response.httpResponse())
            .responseBody(
                body.map(b -> AbortableInputStream.create(bandwidth.down(b), b)).orElse(null))
            .build();
      }

      @Override
      public void abort() {
        prepared.abort();
      }
    };
  }

  @Override
  public void close() {
    inner.close();
  }

  @Override
  public String clientName() {
    return inner.clientName();
  }
}
